/*
 * cputime.h - processor time of a tree, living and dead.
 *
 * Owns:    the slots' cpu_ns.
 * Called:  watchdog, record.
 * Context: under the ledger's lock; async-signal-safe, never allocates, leaves
 *          errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CPUTIME_H
#define RL_CORE_CPUTIME_H

#include "../contract/ledger_layout.h"

/*
 * Nanoseconds that all members of an account have used since the guard began.
 * `self` is the slot of the calling process, whose own time is then exact, or
 * LEDGER_NONE.
 */
int64_t cputime_of_account(struct ledger *ledger, uint32_t account, uint32_t self);

#endif
