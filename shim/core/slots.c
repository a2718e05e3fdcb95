/*
 * slots.c - the processes of a tree; see slots.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "cells.h"
#include "ledger_file.h"
#include "procfs.h"
#include "rawsys.h"

static uint32_t state_of(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed);
}

static pid_t pid_of(const struct slot *s)
{
	return atomic_load_explicit(&s->pid, memory_order_relaxed);
}

static uint32_t find_free(struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++)
		if (state_of(&ledger->slot[i]) == SLOT_FREE)
			return i;
	if (end == LEDGER_SLOTS || (end && ledger_grow(&ledger->slot[end], sizeof(ledger->slot[end]))))
		return LEDGER_NONE;
	atomic_store_explicit(&ledger->slots_end, end + 1, memory_order_relaxed);
	return end;
}

uint32_t slots_open(struct ledger *ledger, uint32_t account)
{
	uint32_t index = find_free(ledger);
	struct slot *s;

	if (index == LEDGER_NONE && slots_sweep(ledger, SWEEP_ALL))
		index = find_free(ledger);
	if (index == LEDGER_NONE)
		return LEDGER_NONE;
	s = &ledger->slot[index];
	memset(s, 0, sizeof(*s));
	s->creator = raw_getpid();
	s->creator_tid = raw_gettid();
	s->born_ns = raw_clock_ns(CLOCK_BOOTTIME);
	s->account = account;
	atomic_store_explicit(&s->state, SLOT_RESERVED, memory_order_release);
	accounts_add_procs(ledger, account, 1);
	return index;
}

/* Under SCOPE=process a child has the same budgets as its parent, for itself. */
static bool open_own_account(struct ledger *ledger, uint32_t index, uint32_t parent_account)
{
	uint32_t own = accounts_open_sibling(ledger, parent_account, index);

	if (own == LEDGER_NONE)
		return false;
	accounts_move_proc(ledger, parent_account, own);
	ledger->slot[index].account = own;
	return true;
}

uint32_t slots_reserve(struct ledger *ledger, uint32_t parent, bool *full)
{
	const struct slot *p = &ledger->slot[parent];
	uint32_t index;

	*full = false;
	if (atomic_load_explicit(&ledger->leaving, memory_order_relaxed) &&
	    accounts_procs_at_peak(ledger, p->account))
		slots_sweep(ledger, SWEEP_LEAVING);
	if (!accounts_have_room(ledger, p->account, RL_PROCS))
		slots_sweep(ledger, SWEEP_ALL);
	if (!accounts_have_room(ledger, p->account, RL_PROCS))
		return LEDGER_NONE;
	index = slots_open(ledger, p->account);
	*full = index == LEDGER_NONE;
	if (*full)
		return LEDGER_NONE;
	ledger->slot[index].pid_namespace = p->pid_namespace;
	if (ledger->account[p->account].scope == RL_SCOPE_PROCESS &&
	    !open_own_account(ledger, index, p->account)) {
		*full = true;
		slots_close(ledger, index);
		return LEDGER_NONE;
	}
	return index;
}

bool slots_reserve_thread(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	if (atomic_load_explicit(&ledger->leaving, memory_order_relaxed) &&
	    accounts_threads_at_peak(ledger, s->account))
		slots_sweep(ledger, SWEEP_LEAVING);
	if (!accounts_have_room(ledger, s->account, RL_THREADS))
		slots_sweep(ledger, SWEEP_ALL);
	if (!accounts_have_room(ledger, s->account, RL_THREADS))
		return false;
	s->threads++;
	accounts_add_threads(ledger, s->account, 1);
	return true;
}

void slots_end_thread(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	s->threads--;
	accounts_add_threads(ledger, s->account, -1);
}

void slots_bind(struct ledger *ledger, uint32_t index, pid_t pid)
{
	struct slot *s = &ledger->slot[index];
	struct account *a = account_at(ledger, s->account);

	if (state_of(s) != SLOT_RESERVED)
		return;
	s->born_ns = raw_clock_ns(CLOCK_BOOTTIME);
	atomic_store_explicit(&s->pid, pid, memory_order_relaxed);
	if (a && a->root == index)
		a->root_pid = pid;
	atomic_store_explicit(&s->state, SLOT_LIVE, memory_order_release);
}

/* The question costs 30 us, so it is asked only once somebody has left the first namespace. */
static uint64_t own_namespace(const struct ledger *ledger)
{
	uint64_t home = atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed);
	uint64_t own = home ? procfs_pid_namespace() : 0;

	return own == home ? 0 : own;
}

void slots_expect_namespaces(struct ledger *ledger)
{
	if (atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed))
		return;
	atomic_store_explicit(&ledger->home_namespace, procfs_pid_namespace(), memory_order_relaxed);
}

void slots_bind_self(struct ledger *ledger, uint32_t index)
{
	uint64_t own = own_namespace(ledger);

	if (own != ledger->slot[index].pid_namespace) {
		/* The creator may have bound it already, to a number that only the creator knows. */
		ledger->slot[index].pid_namespace = own;
		atomic_store_explicit(&ledger->slot[index].state, SLOT_RESERVED, memory_order_relaxed);
		atomic_fetch_or_explicit(&ledger->degraded, LEDGER_NAMESPACE, memory_order_relaxed);
	}
	slots_bind(ledger, index, raw_getpid());
}

bool slots_is_reserved_by(const struct ledger *ledger, uint32_t index, pid_t creator)
{
	const struct slot *s = &ledger->slot[index];

	return state_of(s) == SLOT_RESERVED && s->creator == creator;
}

uint32_t slots_find(const struct ledger *ledger, pid_t pid)
{
	uint64_t pid_namespace = own_namespace(ledger);
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		if ((state_of(s) == SLOT_LIVE || state_of(s) == SLOT_LEAVING) && pid_of(s) == pid &&
		    s->pid_namespace == pid_namespace && slots_is_alive(s))
			return i;
	}
	return LEDGER_NONE;
}

bool slots_is_reserved_by_thread(const struct ledger *ledger, uint32_t index, pid_t tid)
{
	const struct slot *s = &ledger->slot[index];

	return state_of(s) == SLOT_RESERVED && s->creator_tid == tid;
}

bool slots_is_of(const struct ledger *ledger, uint32_t index, pid_t pid)
{
	const struct slot *s = &ledger->slot[index];

	return (state_of(s) == SLOT_LIVE || state_of(s) == SLOT_LEAVING) && pid_of(s) == pid;
}

static void free_cells(struct ledger *ledger, uint32_t index)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&ledger_cell(ledger, i)->slot, memory_order_relaxed) == index + 1)
			atomic_store_explicit(&ledger_cell(ledger, i)->slot, 0, memory_order_relaxed);
}

void slots_return_leases(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	cells_note_last_peak(ledger, index);
	accounts_lease(ledger, s->account, -(s->leased - s->taken));
	accounts_add_threads(ledger, s->account, -s->threads);
	s->leased = s->taken = s->surplus = s->threads = 0;
	free_cells(ledger, index);
}

void slots_leave(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	if (state_of(s) != SLOT_LIVE)
		return;
	s->cpu_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	atomic_store_explicit(&s->state, SLOT_LEAVING, memory_order_relaxed);
	atomic_store_explicit(&ledger->leaving, 1, memory_order_relaxed);
}

bool slots_is_last(const struct ledger *ledger, uint32_t index)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace =
		index == LEDGER_NONE ? own_namespace(ledger) : ledger->slot[index].pid_namespace;
	pid_t parent = raw_getppid();

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		if (i == index || state_of(s) == SLOT_FREE || state_of(s) == SLOT_LEAVING)
			continue;
		/* A pid of another namespace says nothing; and who is our parent is alive, without a look at
		 * /proc. */
		if (s->pid_namespace != pid_namespace || pid_of(s) == parent || slots_is_alive(s))
			return false;
	}
	return true;
}

static void forget_process(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	slots_return_leases(ledger, index);
	FOR_EACH_ACCOUNT_UP(ledger, s->account, a)
	{
		a->cpu_dead_ns += s->cpu_ns > s->cpu_base_ns ? s->cpu_ns - s->cpu_base_ns : 0;
		/* Or the next process in this slot would pass for the account's first. */
		if (a->root == index)
			a->root = LEDGER_NONE;
	}
	s->cpu_ns = s->cpu_base_ns = 0;
}

void slots_vacate(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	forget_process(ledger, index);
	atomic_store_explicit(&s->state, SLOT_RESERVED, memory_order_release);
	atomic_store_explicit(&s->pid, 0, memory_order_relaxed);
}

void slots_close(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];
	uint32_t account = s->account;

	if (state_of(s) == SLOT_FREE)
		return;
	forget_process(ledger, index);
	accounts_add_procs(ledger, account, -1);
	atomic_store_explicit(&s->state, SLOT_FREE, memory_order_release);
	accounts_close_unused(ledger, account);
}

/* Whether the process that reserved the place can still do something about it. */
static bool maker_is_alive(const struct slot *s)
{
	/* When it was born is not known: it stands here for the length of a call only. */
	return s->creator == raw_getpid() || procfs_life(s->creator, INT64_MAX / 2) == PROCFS_ALIVE;
}

bool slots_is_alive(const struct slot *s)
{
	pid_t pid = pid_of(s);

	if (state_of(s) == SLOT_RESERVED) /* born_ns is then the maker's, or a later time */
		return procfs_life(s->creator, s->born_ns) == PROCFS_ALIVE;
	return procfs_life(pid, s->born_ns) == PROCFS_ALIVE;
}

/* What a dead process leaves: until the call that made it is over, the place is that call's. */
static void bury(struct ledger *ledger, uint32_t index)
{
	const struct slot *s = &ledger->slot[index];
	bool is_owned = s->claim == CLAIM_ONCE || s->claim == CLAIM_HELD;

	if (is_owned && state_of(s) != SLOT_RESERVED && maker_is_alive(s))
		slots_vacate(ledger, index);
	else
		slots_close(ledger, index);
}

uint32_t slots_sweep(struct ledger *ledger, enum slots_sweep which)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint32_t self_slot = LEDGER_NONE;
	uint32_t closed = 0;
	uint32_t still_leaving = 0;
	pid_t self = raw_getpid();
	uint64_t pid_namespace;

	for (uint32_t i = 0; i < end && self_slot == LEDGER_NONE; i++)
		if (state_of(&ledger->slot[i]) != SLOT_FREE && pid_of(&ledger->slot[i]) == self &&
		    slots_is_alive(&ledger->slot[i]))
			self_slot = i;
	/* A process that has no place under its own number may have left for another namespace. */
	pid_namespace =
		self_slot != LEDGER_NONE ? ledger->slot[self_slot].pid_namespace : own_namespace(ledger);
	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		if (state_of(s) == SLOT_FREE || i == self_slot ||
		    (which == SWEEP_LEAVING && state_of(s) != SLOT_LEAVING))
			continue;
		/* A pid of another namespace says nothing about that process. */
		if (s->pid_namespace != pid_namespace)
			continue;
		if (!slots_is_alive(s)) {
			bury(ledger, i);
			closed++;
		} else if (state_of(s) == SLOT_LEAVING) {
			still_leaving = 1;
		}
	}
	atomic_store_explicit(&ledger->leaving, still_leaving, memory_order_relaxed);
	return closed;
}

uint32_t slots_count(const struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint32_t count = 0;

	for (uint32_t i = 0; i < end; i++)
		count += state_of(&ledger->slot[i]) != SLOT_FREE;
	return count;
}
