/*
 * accounts.h - budgets as a tree: limits, sums, peaks.
 *
 * Owns:    ledger->account[].
 * Called:  tree and slots open and close them; slots, leases and cells keep
 *          their sums; startup and roots ask for settings; everybody walks up.
 * Context: under the ledger's lock unless said otherwise; async-signal-safe,
 *          never allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_ACCOUNTS_H
#define RL_CORE_ACCOUNTS_H

#include <stddef.h>

#include "../contract/ledger_layout.h"
#include "config.h"

static inline struct account *account_at(const struct ledger *ledger, uint32_t index)
{
	return index == LEDGER_NONE ? NULL : (struct account *)&ledger->account[index];
}

/* Walks from an account to the top of the tree. */
#define FOR_EACH_ACCOUNT_UP(ledger, index, a)                                                                \
	for (struct account *a = account_at((ledger), (index)); a; a = account_at((ledger), a->parent))

/* As limits and records count: each account was opened for a first process, which is beside nobody. */
static inline int64_t account_procs_beside_first(const struct account *account)
{
	return account->procs > 0 ? account->procs - 1 : 0;
}

/* Limits that SCOPE=process leaves with the tree: a process cannot hold processes, and one plug-in serves
 * all. */
static inline bool limit_is_always_tree(enum limit_id id)
{
	return id == RL_PROCS || id == RL_PLUGIN;
}

/*
 * Opens an account below `parent` for the process in slot `root`; a runner's,
 * whatever `part` says, while config->root is set.
 * Return: its index, or LEDGER_NONE when the table is full.
 */
uint32_t accounts_open(struct ledger *ledger, uint32_t parent, uint32_t root, const struct config *config,
		       enum account_part part);

/* Opens a copy of a process's own account for a child of SCOPE=process. */
uint32_t accounts_open_sibling(struct ledger *ledger, uint32_t model, uint32_t root);

/* The account from `index` upwards that was opened with these settings, nearest first, or NULL. */
struct account *accounts_find_settings(const struct ledger *ledger, uint32_t index, uint64_t config_hash);

/* Whether the process in `slot` began a budget with these settings that it is still in. */
bool accounts_is_begun_by(const struct ledger *ledger, uint32_t index, uint32_t slot, uint64_t config_hash);

/* Begins the clocks: wall time counts from here. */
void accounts_start_clock(struct account *account, int64_t now_ns);

/* Forgets accounts without members, from `index` upwards. */
void accounts_close_unused(struct ledger *ledger, uint32_t index);

/* Bytes that every account from `index` up would still lend; below zero while one is above MEM. */
int64_t accounts_available(const struct ledger *ledger, uint32_t index);

/* Adds (or with a negative number returns) leased bytes, threads, processes, all the way up. */
void accounts_lease(struct ledger *ledger, uint32_t index, int64_t bytes);
void accounts_add_threads(struct ledger *ledger, uint32_t index, int64_t count);
void accounts_add_procs(struct ledger *ledger, uint32_t index, int64_t count);

/*
 * One that was counted did not come to be, because the kernel refused it. A peak is then what it was before,
 * unless others were counted meanwhile: it is never too low, for while the last of those was counted this one
 * was missing. The second leaves the sum alone; slots_close() follows.
 */
void accounts_withdraw_thread(struct ledger *ledger, uint32_t index);
void accounts_forget_proc(struct ledger *ledger, uint32_t index);

/* Moves a process that holds nothing yet to an account below or beside its own. */
void accounts_move_proc(struct ledger *ledger, uint32_t from, uint32_t to);

/* Whether one more thread or process fits into an account, and whether all the way up. */
bool account_has_room(const struct account *account, enum limit_id id);
bool accounts_have_room(const struct ledger *ledger, uint32_t index, enum limit_id id);

/* Whether one more thread or process, or n more bytes, would be a new peak somewhere. */
bool accounts_are_at_peak(const struct ledger *ledger, uint32_t index, enum limit_id id);
bool accounts_bytes_at_peak(const struct ledger *ledger, uint32_t index, int64_t n);

/* Raises the peaks for a period in which at least `unused` of the lease was not charged. */
void accounts_note_peak(struct ledger *ledger, uint32_t index, int64_t unused);

/* Whether `index` is `ancestor` or lies below it. Context: also without the lock. */
bool accounts_is_within(const struct ledger *ledger, uint32_t index, uint32_t ancestor);

/*
 * Closes accounts that nobody can be in any more, but for `kept` and those above it. Who was killed between
 * the opening of one and the place in it closes it no more, and neither does a supervisor that was killed.
 */
void accounts_close_abandoned(struct ledger *ledger, uint32_t kept);

/* After a death in the lock: computes every cached sum again from slots and cells. */
void accounts_recompute(struct ledger *ledger);

#endif
