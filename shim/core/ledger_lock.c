/*
 * ledger_lock.c - the ledger's one lock; see ledger_lock.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ledger_lock.h"

#include <errno.h>
#include <stdatomic.h>

#include "accounts.h"
#include "attrs.h"
#include "procfs.h"
#include "rawsys.h"

#define LOCK_WAITERS 0x80000000U

enum {
	SPINS = 200,
	LOOK_AFTER_NS = 20000000, /* a holder needs microseconds; look after it then */
	SUSPECT_AFTER_NS =
		1000000000, /* a tid that is alive may be a recycled one; taken_ns may lag behind */
};

/* Whether the thread that holds the lock can still release it. */
static bool owner_is_dead(struct ledger *ledger, uint32_t owner, uint32_t self, int64_t waited_ns)
{
	int64_t taken_ns = atomic_load_explicit(&ledger->lock_taken_ns, memory_order_relaxed);
	enum procfs_life life;

	/* A tid of another pid namespace means nothing here: only patience tells. */
	if (atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed))
		return waited_ns > 2 * (int64_t)SUSPECT_AFTER_NS;
	/* The lock is never nested: this was a thread of the image before exec. */
	if (owner == self)
		return true;
	if (raw_syscall2(SYS_tkill, owner, 0) == -ESRCH)
		return true;
	life = procfs_life((pid_t)owner, taken_ns);
	return life == PROCFS_ZOMBIE || (life == PROCFS_GONE && waited_ns > SUSPECT_AFTER_NS);
}

static bool try_lock(struct ledger *ledger, uint32_t self)
{
	uint32_t expected = 0;

	return atomic_compare_exchange_strong_explicit(&ledger->lock, &expected, self, memory_order_acquire,
						       memory_order_relaxed);
}

/* Sleeps until the lock is ours; true if it had to be taken from a dead owner. */
static bool wait_for_lock(struct ledger *ledger, uint32_t self)
{
	int64_t began_ns = raw_clock_ns(CLOCK_MONOTONIC);

	for (;;) {
		uint32_t word = atomic_load_explicit(&ledger->lock, memory_order_relaxed);
		int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

		if (!word) {
			/* Others may sleep too: keep the mark, at the price of one wake too many. */
			if (atomic_compare_exchange_strong_explicit(&ledger->lock, &word, self | LOCK_WAITERS,
								    memory_order_acquire,
								    memory_order_relaxed))
				return false;
			continue;
		}
		if ((now_ns - began_ns > LOOK_AFTER_NS || (word & ~LOCK_WAITERS) == self) &&
		    owner_is_dead(ledger, word & ~LOCK_WAITERS, self, now_ns - began_ns)) {
			if (atomic_compare_exchange_strong_explicit(&ledger->lock, &word, self | LOCK_WAITERS,
								    memory_order_acquire,
								    memory_order_relaxed))
				return true;
			continue;
		}
		if (!(word & LOCK_WAITERS) &&
		    !atomic_compare_exchange_strong_explicit(&ledger->lock, &word, word | LOCK_WAITERS,
							     memory_order_relaxed, memory_order_relaxed))
			continue;
		raw_futex_wait_until(&ledger->lock, word | LOCK_WAITERS, now_ns + LOOK_AFTER_NS, 0);
	}
}

void ledger_lock(struct ledger *ledger, uint64_t *mask)
{
	static const uint64_t all = ~0ULL;
	uint32_t self = (uint32_t)raw_gettid();
	bool taken = false;
	bool dead_owner = false;

	raw_sigmask(SIG_SETMASK, &all, mask);
	for (int i = 0; i < SPINS && !taken; i++) {
		taken = try_lock(ledger, self);
		if (!taken)
			raw_cpu_relax();
	}
	if (!taken)
		dead_owner = wait_for_lock(ledger, self);
	atomic_store_explicit(&ledger->lock_taken_ns, raw_clock_ns(CLOCK_BOOTTIME), memory_order_relaxed);
	if (dead_owner) {
		atomic_fetch_add_explicit(&ledger->repairs, 1, memory_order_relaxed);
		accounts_recompute(ledger);
	}
}

void ledger_unlock(struct ledger *ledger, const uint64_t *mask)
{
	uint32_t word = atomic_exchange_explicit(&ledger->lock, 0, memory_order_release);

	if (word & LOCK_WAITERS)
		raw_futex_wake(&ledger->lock, 1, 0);
	raw_sigmask(SIG_SETMASK, mask, NULL);
}

pid_t ledger_lock_holder(const struct ledger *ledger)
{
	return (pid_t)(atomic_load_explicit(&ledger->lock, memory_order_relaxed) & ~LOCK_WAITERS);
}
