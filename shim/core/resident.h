/*
 * resident.h - resident memory: of one process, and what an account remembers of all.
 *
 * Owns:    the accounts' members from rss_grace_ns on.
 * Called:  accounts (open), growth (begin); meter_rss.c, trace and the plug-in's host sample.
 * Context: async-signal-safe, never allocates, leaves errno alone; what takes
 *          an account is done under the ledger's lock, what reads /proc is not.
 * Fork:    nothing, because all state is in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RESIDENT_H
#define RL_CORE_RESIDENT_H

#include "../contract/ledger_layout.h"
#include "config.h"

/* Sets the members of an account that is opened: from the settings, or for a sibling of its model. */
void resident_open(struct account *account, const struct config *config);
void resident_open_sibling(struct account *account, const struct account *model);

/* The account's first process is at main with so many bytes resident: RSS_GROWTH counts from there. */
void resident_begin(struct account *account, int64_t bytes);

/* Whether an account from `index` up has a limit on resident memory. Context: also without the lock. */
bool resident_is_limited(const struct ledger *ledger, uint32_t index);

/* Bytes resident in the calling process; 0 where /proc does not tell. */
int64_t resident_of_self(void);

/*
 * The same of any process. Return: bytes; 0 for one that is gone, -1 if it is
 * there and cannot be seen.
 */
int64_t resident_of(pid_t pid);

/*
 * The sum over the members of an account whose numbers mean something to the process in slot `self`, or with
 * LEDGER_NONE to the calling one. A slot that changes meanwhile costs a wrong number in this sum only.
 * Context: without the lock.
 */
int64_t resident_of_members(const struct ledger *ledger, uint32_t account, uint32_t self);

/* Its share: a page that n processes have counts for an n-th. Return: bytes, or -1 if it cannot be told. */
int64_t resident_share_of(pid_t pid);

#endif
