/*
 * ledger_lock.h - the ledger's one lock, and what mends it after a death.
 *
 * Owns:    ledger->lock.
 * Called:  every module that changes the ledger.
 * Context: any thread, async-signal-safe (all signals are blocked while it is
 *          held), vfork child; never nested; never allocates.
 * Fork:    nothing: the lock lives in shared memory and belongs to a thread of
 *          the parent, who will release it.
 *
 * The owner may die at any instruction (SIGKILL, exec of another thread).
 * Whoever waits notices that the owner's tid is gone, takes the lock over and
 * repairs: own-process changes die with their process's slot, changes to
 * others are single stores, and the sums in the accounts are computed anew.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEDGER_LOCK_H
#define RL_CORE_LEDGER_LOCK_H

#include "../contract/ledger_layout.h"

/* Takes the lock and stores the thread's signal mask in *mask. */
void ledger_lock(struct ledger *ledger, uint64_t *mask);
void ledger_unlock(struct ledger *ledger, const uint64_t *mask);

/* The calling thread's number, which who holds the lock has asked the kernel for already. */
pid_t ledger_lock_holder(const struct ledger *ledger);

#endif
