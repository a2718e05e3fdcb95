/*
 * tree.h - a budget and its first process: opened, placed, watched by whom.
 *
 * Owns:    the accounts' supervisor, own_part and joined members.
 * Called:  startup in the first process of a budget; the supervisor, which
 *          opens the budget before there is a process in it.
 * Context: under the ledger's lock unless said otherwise; async-signal-safe,
 *          never allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * An account with a supervisor is watched from there: no process within it
 * has a watchdog of its own, and none writes its record. Who finds that there
 * is something to look at earlier than planned sends the supervisor SIGURG,
 * which does no harm where nobody waits for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_TREE_H
#define RL_CORE_TREE_H

#include <signal.h>

#include "../contract/ledger_layout.h"
#include "config.h"

/* What a member sends to its supervisor; its default is to be ignored. */
enum { TREE_KICK = SIGURG };

/*
 * Opens the accounts of one configuration below `parent`, for the process in
 * slot `root`, or for one that comes later (LEDGER_NONE).
 * Return: the account of that process, or LEDGER_NONE when the table is full.
 */
uint32_t tree_open(struct ledger *ledger, uint32_t parent, uint32_t root, const struct config *config);

/* Of an account that tree_open() returned: the one that holds the record. */
uint32_t tree_whole(const struct ledger *ledger, uint32_t own);

/* Puts the accounts from `own` up to the whole under a supervisor, or with 0 lets go of them. */
void tree_supervise(struct ledger *ledger, uint32_t own, pid_t supervisor);

/*
 * Reserves the place of the first process.
 * Return: its slot, or LEDGER_NONE when a budget above or the table is full.
 */
uint32_t tree_place_first(struct ledger *ledger, uint32_t own);

/* The process that watches an account, or 0. Context: also without the lock. */
pid_t tree_supervisor(const struct ledger *ledger, uint32_t account);

/* Makes that process look at the ledger now. Context: also without the lock. */
void tree_kick_supervisor(const struct ledger *ledger, uint32_t account);

#endif
