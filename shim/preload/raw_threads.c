/*
 * raw_threads.c - threads that the program makes by clone(); see raw_threads.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "raw_threads.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/attrs.h"
#include "core/breach.h"
#include "core/ledger_lock.h"
#include "core/procfs.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/vacancy.h"
#include "interpose_thread.h"
#include "member.h"
#include "timer_thread.h"

enum { FOLLOWED_MAX = 256, ENDING_NS = 500000, ENDING_TRIES = 10 };

/* Numbers of threads, 0: free. Written under the ledger's lock. */
static pid_t followed[FOLLOWED_MAX] RL_SELDOM;
static int followed_end; /* all used ones lie below */

bool raw_threads_sweep(void)
{
	bool any = false;

	for (int i = 0; i < followed_end; i++) {
		if (!followed[i] || raw_tgkill(member.pid, followed[i], 0) != -ESRCH)
			continue;
		followed[i] = 0;
		slots_end_thread(member.ledger, member.slot);
		any = true;
	}
	return any;
}

bool raw_threads_reserve(const char *call, const void *caller)
{
	struct sweep sweep = {0};
	bool granted, killing;
	uint64_t mask;

	member_become_child_early();
	do {
		ledger_lock(member.ledger, &mask);
		raw_threads_sweep();
		killing = breach_is_killing(member.ledger, member.ledger->slot[member.slot].account);
		granted = !killing && slots_reserve_thread(member.ledger, member.slot, &sweep);
		ledger_unlock(member.ledger, &mask);
	} while (sweep_if_wished(member.ledger, &sweep));
	if (!granted && !killing)
		member_note_denial(RL_THREADS, call, 0, caller);
	return granted;
}

/* Return: false when the list is full. */
static bool follow(pid_t tid)
{
	int i = 0;

	while (i < followed_end && followed[i])
		i++;
	if (i == FOLLOWED_MAX)
		return false;
	followed[i] = tid;
	if (i == followed_end)
		followed_end++;
	return true;
}

void raw_threads_settle(pid_t tid)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	if (tid <= 0) {
		slots_withdraw_thread(member.ledger, member.slot);
	} else if (!follow(tid)) {
		slots_end_thread(member.ledger, member.slot);
		atomic_fetch_or_explicit(&member.ledger->degraded, LEDGER_RAW_THREADS, memory_order_relaxed);
	}
	ledger_unlock(member.ledger, &mask);
}

static int64_t counted_threads(void)
{
	uint64_t mask;
	int64_t n;

	ledger_lock(member.ledger, &mask);
	raw_threads_sweep();
	n = 1 + vacancy_threads_of(&member.ledger->slot[member.slot]);
	ledger_unlock(member.ledger, &mask);
	/* The last thread of a program whose first has gone ends the process after its own end. */
	return n + timer_thread_is_there() + thread_has_left();
}

void raw_threads_note_strangers(void)
{
	/* A thread gives its place back a little before the kernel forgets it. */
	for (int i = 0; procfs_threads() > counted_threads(); i++) {
		if (i == ENDING_TRIES) {
			atomic_fetch_or_explicit(&member.ledger->degraded, LEDGER_LIBC_THREADS,
						 memory_order_relaxed);
			return;
		}
		raw_sleep_ns(ENDING_NS);
	}
}

void raw_threads_fork(enum fork_side side)
{
	if (side == FORK_CHILD)
		followed_end = 0;
}
