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

/* The same in the child of a fork, where the first use of what usually tells the time is dear. */
void ledger_lock_newborn(struct ledger *ledger, uint64_t *mask);

/* The calling thread's number, which who holds the lock has asked the kernel for already. */
pid_t ledger_lock_holder(const struct ledger *ledger);

/*
 * The same for a watchdog and for a tree's last record: an owner that was
 * stopped (SIGSTOP cannot be blocked) must not put off the end of the tree.
 * After some hundredths of a second it goes on without the lock, alone of its
 * kind, and may do what does no harm then: read, and change what only steps change.
 * Return: whether it has the lock; for the other call.
 */
bool ledger_lock_urgent(struct ledger *ledger, uint64_t *mask);
void ledger_unlock_urgent(struct ledger *ledger, const uint64_t *mask, bool is_locked);

/*
 * For how long this process's urgent callers have slept for the lock, and how often: who sees its time pass
 * and its processor given up has not been stopped then. A stop in the middle of such a sleep is not in it.
 */
struct ledger_lock_waits {
	int64_t ns, switches;
};
struct ledger_lock_waits ledger_lock_waits(void);

#endif
