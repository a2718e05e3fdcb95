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
#include "rawfutex.h"
#include "rawsys.h"

#define LOCK_WAITERS 0x80000000U

enum {
	SPINS = 200,
	LOOK_AFTER_NS = 20000000, /* a holder needs microseconds; look after it then */
	LOOK_MAX_NS = 2 * LOOK_AFTER_NS,
	SUSPECT_AFTER_NS =
		1000000000,	  /* a tid that is alive may be a recycled one; taken_ns may lag behind */
	FORCED_FOR_NS = 50000000, /* how long who goes on without the lock is left alone */
};

enum outcome {
	LOCK_TAKEN,
	LOCK_INHERITED, /* from an owner that died: the sums need repair */
	LOCK_FORCED,	/* not taken: the owner does not run, and there is no time to wait for it */
};

/* Whether the thread that holds the lock can still release it. */
static bool owner_is_dead(struct ledger *ledger, uint32_t owner, uint32_t self, int64_t held_ns)
{
	int64_t taken_ns = atomic_load_explicit(&ledger->lock_taken_ns, memory_order_relaxed);
	enum procfs_life life;

	/* A tid of another pid namespace means nothing here: only patience tells. */
	if (atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed))
		return held_ns > 2 * (int64_t)SUSPECT_AFTER_NS;
	/* The lock is never nested: this was a thread of the image before exec. */
	if (owner == self)
		return true;
	if (raw_syscall2(SYS_tkill, owner, 0) == -ESRCH)
		return true;
	life = procfs_life((pid_t)owner, taken_ns);
	return life == PROCFS_ZOMBIE || (life == PROCFS_GONE && held_ns > SUSPECT_AFTER_NS);
}

static bool try_lock(struct ledger *ledger, uint32_t self)
{
	uint32_t expected = 0;

	return atomic_compare_exchange_strong_explicit(&ledger->lock, &expected, self, memory_order_acquire,
						       memory_order_relaxed);
}

/*
 * Whether somebody without time may go on without the lock: its owner stands still, in the middle
 * of a change that it alone may finish. One at a time, for a while: who dies here holds up nobody.
 */
static bool force(struct ledger *ledger, uint32_t owner, int64_t waited_ns)
{
	int64_t now_ns = raw_clock_ns(CLOCK_BOOTTIME);
	int64_t forced_ns = atomic_load_explicit(&ledger->lock_forced_ns, memory_order_relaxed);
	bool stands_still = waited_ns > SUSPECT_AFTER_NS ||
			    (!atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed) &&
			     procfs_is_stopped((pid_t)owner));

	return stands_still && now_ns - forced_ns > FORCED_FOR_NS &&
	       atomic_compare_exchange_strong_explicit(&ledger->lock_forced_ns, &forced_ns, now_ns,
						       memory_order_acquire, memory_order_relaxed);
}

/* A watchdog's, and at the end the record's. */
static struct ledger_lock_waits waits RL_SELDOM;

struct ledger_lock_waits ledger_lock_waits(void)
{
	return waits;
}

static void sleep_a_while(struct ledger *ledger, uint32_t word, int64_t now_ns, bool urgent)
{
	int64_t taken, slept_ns;
	int64_t before = urgent ? raw_switches(&taken) : 0;

	raw_futex_wait_until(&ledger->lock, word, now_ns + LOOK_AFTER_NS, 0);
	if (!urgent || raw_switches(&taken) == before)
		return;
	slept_ns = raw_clock_ns(CLOCK_MONOTONIC) - now_ns;
	waits.ns += slept_ns < LOOK_AFTER_NS ? slept_ns : LOOK_AFTER_NS;
	waits.switches++;
}

/* In place of what stands there. Others may sleep too: keep the mark, at the price of one wake too many. */
static bool take_over(struct ledger *ledger, uint32_t word, uint32_t self)
{
	return atomic_compare_exchange_strong_explicit(&ledger->lock, &word, self | LOCK_WAITERS,
						       memory_order_acquire, memory_order_relaxed);
}

/*
 * How long somebody has waited, in all, and for the one hold of the lock that he finds: many in a row, each
 * of them short, are no reason to suspect the last. Between two looks that are further apart than he sleeps
 * he was stopped, or short of a processor, and so may the owner have been.
 */
struct wait {
	int64_t looked_ns; /* CLOCK_MONOTONIC */
	int64_t waited_ns, held_ns;
	uint32_t owner;
	int64_t taken_ns;
};

static void look(struct wait *wait, const struct ledger *ledger, uint32_t owner)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t taken_ns = atomic_load_explicit(&ledger->lock_taken_ns, memory_order_relaxed);
	int64_t since_ns = now_ns - wait->looked_ns;

	if (since_ns > LOOK_MAX_NS)
		since_ns = LOOK_MAX_NS;
	wait->looked_ns = now_ns;
	wait->waited_ns += since_ns;
	wait->held_ns += since_ns;
	if (owner != wait->owner || taken_ns != wait->taken_ns)
		wait->held_ns = 0;
	wait->owner = owner;
	wait->taken_ns = taken_ns;
}

/* Sleeps until the lock is ours, or `urgent` is served without it. */
static enum outcome wait_for_lock(struct ledger *ledger, uint32_t self, bool urgent)
{
	struct wait wait = {.looked_ns = raw_clock_ns(CLOCK_MONOTONIC)};

	for (;;) {
		uint32_t word = atomic_load_explicit(&ledger->lock, memory_order_relaxed);
		uint32_t owner = word & ~LOCK_WAITERS;

		look(&wait, ledger, owner);
		if (!word) {
			if (take_over(ledger, word, self))
				return LOCK_TAKEN;
			continue;
		}
		if ((wait.held_ns > LOOK_AFTER_NS || owner == self) &&
		    owner_is_dead(ledger, owner, self, wait.held_ns)) {
			if (take_over(ledger, word, self))
				return LOCK_INHERITED;
			continue;
		}
		if (urgent && wait.waited_ns > LOOK_AFTER_NS && force(ledger, owner, wait.waited_ns))
			return LOCK_FORCED;
		if (!(word & LOCK_WAITERS) &&
		    !atomic_compare_exchange_strong_explicit(&ledger->lock, &word, word | LOCK_WAITERS,
							     memory_order_relaxed, memory_order_relaxed))
			continue;
		sleep_a_while(ledger, word | LOCK_WAITERS, wait.looked_ns, urgent);
	}
}

enum manner { PATIENT, URGENT, NEWBORN };

static enum outcome lock(struct ledger *ledger, uint64_t *mask, enum manner manner)
{
	/* Not static: the page of constants would be one more for each forked child. */
	const uint64_t all = ~0ULL;
	uint32_t self = (uint32_t)raw_gettid();
	enum outcome outcome = LOCK_TAKEN;
	bool taken = false;
	int64_t taken_ns;

	raw_sigmask(SIG_SETMASK, &all, mask);
	for (int i = 0; i < SPINS && !taken; i++) {
		taken = try_lock(ledger, self);
		if (!taken)
			raw_cpu_relax();
	}
	if (!taken)
		outcome = wait_for_lock(ledger, self, manner == URGENT);
	if (outcome == LOCK_FORCED)
		return outcome;
	taken_ns = manner == NEWBORN ? raw_clock_by_call_ns(CLOCK_BOOTTIME) : raw_clock_ns(CLOCK_BOOTTIME);
	atomic_store_explicit(&ledger->lock_taken_ns, taken_ns, memory_order_relaxed);
	if (outcome == LOCK_INHERITED) {
		atomic_fetch_add_explicit(&ledger->repairs, 1, memory_order_relaxed);
		accounts_recompute(ledger);
	}
	return outcome;
}

void ledger_lock(struct ledger *ledger, uint64_t *mask)
{
	lock(ledger, mask, PATIENT);
}

void ledger_lock_newborn(struct ledger *ledger, uint64_t *mask)
{
	lock(ledger, mask, NEWBORN);
}

bool ledger_lock_urgent(struct ledger *ledger, uint64_t *mask)
{
	return lock(ledger, mask, URGENT) != LOCK_FORCED;
}

void ledger_unlock_urgent(struct ledger *ledger, const uint64_t *mask, bool is_locked)
{
	if (is_locked) {
		ledger_unlock(ledger, mask);
		return;
	}
	atomic_store_explicit(&ledger->lock_forced_ns, 0, memory_order_release);
	raw_sigmask(SIG_SETMASK, mask, NULL);
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
