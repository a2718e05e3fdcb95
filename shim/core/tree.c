/*
 * tree.c - a budget and its first process; see tree.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree.h"

#include <stdatomic.h>

#include "accounts.h"
#include "rawsys.h"
#include "slots.h"

uint32_t tree_open(struct ledger *ledger, uint32_t parent, uint32_t root, const struct config *config)
{
	bool each = config->scope == RL_SCOPE_PROCESS && !config->root;
	uint32_t whole = accounts_open(ledger, parent, root, config, each ? ACCOUNT_TREE : ACCOUNT_WHOLE);
	uint32_t own = whole;

	if (each && whole != LEDGER_NONE)
		own = accounts_open(ledger, whole, root, config, ACCOUNT_PROCESS);
	if (own != LEDGER_NONE)
		ledger->account[whole].own_part = own;
	else if (whole != LEDGER_NONE)
		atomic_store_explicit(&ledger->account[whole].in_use, 0, memory_order_relaxed);
	return own;
}

uint32_t tree_whole(const struct ledger *ledger, uint32_t own)
{
	uint32_t parent = ledger->account[own].parent;

	return parent != LEDGER_NONE && ledger->account[parent].own_part == own ? parent : own;
}

void tree_supervise(struct ledger *ledger, uint32_t own, pid_t supervisor)
{
	atomic_store_explicit(&ledger->account[own].supervisor, supervisor, memory_order_relaxed);
	atomic_store_explicit(&ledger->account[tree_whole(ledger, own)].supervisor, supervisor,
			      memory_order_relaxed);
}

uint32_t tree_place_first(struct ledger *ledger, uint32_t own)
{
	uint32_t slot;

	if (!accounts_have_room(ledger, own, RL_PROCS))
		return LEDGER_NONE;
	slot = slots_open(ledger, own);
	if (slot == LEDGER_NONE)
		return LEDGER_NONE;
	ledger->account[own].root = slot;
	ledger->account[tree_whole(ledger, own)].root = slot;
	return slot;
}

pid_t tree_supervisor(const struct ledger *ledger, uint32_t account)
{
	FOR_EACH_ACCOUNT_UP(ledger, account, a)
	{
		pid_t pid = atomic_load_explicit(&a->supervisor, memory_order_relaxed);

		if (pid)
			return pid;
	}
	return 0;
}

void tree_kick_supervisor(const struct ledger *ledger, uint32_t account)
{
	pid_t pid = tree_supervisor(ledger, account);

	if (pid > 1)
		raw_kill(pid, TREE_KICK);
}
