/*
 * meter_time.c - wall and processor time; see meter.h.
 *
 * Wall time is one deadline. Processor time is looked at when it could first
 * be used up: what remains, divided by the threads that can run at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "meter.h"

#include <signal.h>
#include <stdatomic.h>

#include "approach.h"
#include "cputime.h"
#include "ledger_lock.h"
#include "rawsys.h"
#include "signal_state.h"
#include "stops.h"
#include "vacancy.h"
#include "watchdog.h"

enum {
	CPU_LOOK_NS = 50000,	    /* the finest look at processor time */
	CPU_IDLE_LOOK_NS = 8000000, /* for a tree near its limit that does not run */
	/* It may only wait for a processor, and then goes on at any time. */
	CPU_PATIENCE_NS = 20000000,
	/* How long before the limit the step is rehearsed, and what that takes at the most. */
	CPU_REHEARSAL_NS = 1000000,
	CPU_REHEARSING_NS = 150000,
	/* What a sleep may be late by: the last before the limit ends so much before it. */
	CPU_WAKING_NS = 200000,
	/* The same on the processor that the program runs on: that one need not wake up first. */
	CPU_WAKING_BESIDE_NS = 100000,
};

/* Return: when to look again. */
static int64_t wait_for_deadline(struct watchdog *w, const struct account *a, int64_t again_ns,
				 int64_t deadline_ns, int64_t now_ns)
{
	int64_t awake_ns = approach_is_ours(w, a) ? deadline_ns - APPROACH_NS : deadline_ns;

	if (now_ns < awake_ns)
		return again_ns < awake_ns ? again_ns : awake_ns;
	approach_await(w, deadline_ns, now_ns);
	return now_ns;
}

int64_t meter_wall(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	const struct account *a = &w->ledger->account[account];
	int64_t again_ns = stops_follow_first(w, account, now_ns);
	int64_t deadline_ns = atomic_load_explicit(&a->wall_deadline_ns, memory_order_relaxed);

	if (deadline_ns == INT64_MAX)
		return INT64_MAX;
	if (watchdog_stands_by(w, a))
		deadline_ns += WATCHDOG_STANDBY_NS;
	if (now_ns < deadline_ns)
		return wait_for_deadline(w, a, again_ns, deadline_ns, now_ns);
	again_ns = stops_hold(w, account, now_ns);
	return again_ns ? again_ns : METER_REACHED;
}

/* Whether nothing has run since the last look but the watchdogs themselves, which look alike often. */
static bool tree_is_idle(struct watchdog *w, const struct account *a, int64_t used_ns)
{
	int64_t own_ns = raw_clock_ns(CLOCK_THREAD_CPUTIME_ID);
	int64_t looks_ns = w->slot == LEDGER_NONE ? 0 : (own_ns - w->own_seen_ns) * a->procs;
	bool is_idle = used_ns - w->cpu_seen_ns - looks_ns < CPU_LOOK_NS / 10;

	w->cpu_seen_ns = used_ns;
	w->own_seen_ns = own_ns;
	return is_idle;
}

static void count_idle_look(struct watchdog *w, bool is_idle, int64_t now_ns)
{
	if (!is_idle) {
		w->idle_since_ns = 0;
		w->idle_looks = 0;
	} else if (!w->idle_since_ns) {
		w->idle_since_ns = now_ns;
	} else if (now_ns - w->idle_since_ns > CPU_PATIENCE_NS) {
		w->idle_looks++;
	}
}

static int64_t threads_in(const struct watchdog *w, const struct account *a)
{
	return vacancy_threads_in(w->ledger, (uint32_t)(a - w->ledger->account));
}

/* How long it takes at least to use up what is left. */
static int64_t time_to_limit(const struct watchdog *w, const struct account *a, int64_t used_ns)
{
	int64_t runners = a->procs + threads_in(w, a);

	if (runners > (int64_t)w->cpus)
		runners = w->cpus;
	return (a->limit[RL_CPU] - used_ns) / (runners > 0 ? runners : 1);
}

static int64_t waking_ns(void)
{
	return approach_is_beside_first() ? CPU_WAKING_BESIDE_NS : CPU_WAKING_NS;
}

/* When to look again: when the account's processor time could first be used up, or a little before. */
static int64_t next_cpu_look(struct watchdog *w, const struct account *a, int64_t used_ns, int64_t now_ns)
{
	int64_t wait_ns = time_to_limit(w, a, used_ns), least_ns = CPU_LOOK_NS;

	if (wait_ns > 2 * CPU_REHEARSAL_NS)
		wait_ns -= CPU_REHEARSAL_NS;
	else if (wait_ns > CPU_LOOK_NS + waking_ns())
		wait_ns -= waking_ns();
	count_idle_look(w, tree_is_idle(w, a, used_ns), now_ns);
	for (uint32_t i = 0; i < w->idle_looks && least_ns < CPU_IDLE_LOOK_NS; i++)
		least_ns *= 2;
	return now_ns + (wait_ns > least_ns ? wait_ns : least_ns);
}

/*
 * What the program uses while the step looks at files, and finds them in no cache, is beyond the limit: so
 * they are looked at before. Return: whether that took time, and the clocks must be read again.
 */
static bool rehearse(struct watchdog *w, const struct account *a, int64_t left_ns, int64_t now_ns)
{
	if (left_ns < CPU_REHEARSING_NS || left_ns > 2 * CPU_REHEARSAL_NS || !approach_rehearse(w, now_ns))
		return false;
	if (approach_is_ours(w, a) && !w->idle_since_ns)
		approach_go_beside_first();
	return true;
}

/*
 * Less is left than it takes to fall asleep and to wake up: the watchdog that acts first stays awake. It
 * reads once more what the step will, because a millisecond later most of that is in no cache of the
 * processor. As long as what is left if nobody else runs meanwhile, else half of it, because its own time
 * counts too. Return: whether it did, and the clocks must be read again.
 */
static bool stay_awake(const struct watchdog *w, const struct account *a, int64_t left_ns, int64_t now_ns)
{
	bool is_beside = approach_is_beside_first();
	bool is_alone = is_beside && a->procs == 1 && !threads_in(w, a);

	if (!approach_is_ours(w, a) || left_ns > CPU_LOOK_NS + waking_ns())
		return false;
	/* Nobody runs beside the watchdog: whether somebody would, and so reach the limit, only /proc can
	 * tell. */
	if (is_beside ? signal_state_processor_of_first() < 0 : w->idle_since_ns != 0)
		return false;
	if (left_ns > CPU_REHEARSING_NS)
		signal_state_is_deadly(SIGTERM);
	while (raw_clock_ns(CLOCK_MONOTONIC) < now_ns + (is_alone ? left_ns : left_ns / 2))
		raw_cpu_relax();
	return true;
}

int64_t meter_cpu(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	int64_t used_ns, left_ns, next_ns = METER_REACHED;
	uint64_t mask;
	bool is_locked;

	if (w->slot != LEDGER_NONE)
		cputime_refresh(w->ledger, w->slot);
	else
		cputime_refresh_children(w->ledger, account, now_ns);
	is_locked = ledger_lock_urgent(w->ledger, &mask);
	used_ns = cputime_of_account(w->ledger, account, w->slot);
	if (used_ns < a->limit[RL_CPU])
		next_ns = next_cpu_look(w, a, used_ns, now_ns);
	left_ns = time_to_limit(w, a, used_ns);
	ledger_unlock_urgent(w->ledger, &mask, is_locked);
	if (next_ns != METER_REACHED &&
	    (rehearse(w, a, left_ns, now_ns) || stay_awake(w, a, left_ns, now_ns)))
		return now_ns;
	return next_ns;
}
