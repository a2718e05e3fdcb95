/*
 * meter_rss.c - resident memory of a tree, sampled; see meter.h.
 *
 * A sample is the sum over the members of what /proc/<pid>/statm says. It
 * counts pages that members share once for each, so it is never too low;
 * only where it is above a limit are the shares in smaps_rollup added up
 * instead, which costs a walk through the page tables. A tree of one process
 * shares nothing with itself and is judged by the first number.
 *
 * One member samples for all: its watchdog looks each tick, the others look
 * whether it still does. Near the limit it looks ten times as often, but never
 * so often that looking takes more than a twentieth of the time.
 *
 * The lock is held to list the members and to store the sum, not to read.
 *
 * SPDX-License-Identifier: MIT
 */
#include "meter.h"

#include <stdatomic.h>

#include "ledger_lock.h"
#include "procfs.h"
#include "rawsys.h"
#include "resident.h"
#include "slots.h"
#include "watchdog.h"

enum {
	NEAR_SHARE = 8,	     /* near is less than that part of the limit away */
	NEAR_TICKS = 10,     /* looks per tick there */
	COST_SHARE = 20,     /* of the time may go into looking */
	TAKE_OVER_TICKS = 2, /* without a sample until another member takes it on */
	BATCH = 64,	     /* members listed at a time */
};

struct batch {
	uint32_t next; /* slot */
	uint32_t count;
	uint32_t slot[BATCH];
	pid_t pid[BATCH]; /* as it is numbered where the caller is */
};

static int64_t growth_limit(const struct account *a)
{
	if (a->limit[RL_RSS_GROWTH] == RL_UNLIMITED || a->rss_base < 0)
		return RL_UNLIMITED;
	return a->rss_base + a->limit[RL_RSS_GROWTH];
}

static int64_t least_limit(const struct account *a)
{
	return a->limit[RL_RSS] < growth_limit(a) ? a->limit[RL_RSS] : growth_limit(a);
}

/* How long the last sample stands. */
static int64_t interval(const struct account *a)
{
	int64_t least = least_limit(a);
	bool near = a->rss_bytes > least - least / NEAR_SHARE;
	int64_t wait_ns = near ? a->tick_ns / NEAR_TICKS : a->tick_ns;

	return wait_ns > COST_SHARE * a->rss_cost_ns ? wait_ns : COST_SHARE * a->rss_cost_ns;
}

/* When a grace ends that runs, or INT64_MAX. */
static int64_t grace_end(const struct account *a)
{
	int64_t first_ns = a->rss_above_ns;

	if (!first_ns || (a->rss_growth_above_ns && a->rss_growth_above_ns < first_ns))
		first_ns = a->rss_growth_above_ns;
	return first_ns ? first_ns + a->rss_grace_ns : INT64_MAX;
}

/* When this member is to take a sample; sooner if it is the one who took the last. */
static int64_t sample_due_ns(const struct watchdog *w, const struct account *a)
{
	int64_t due_ns = a->rss_began_ns + interval(a);

	if (!a->rss_began_ns)
		return 0;
	if (a->rss_sampler != w->slot)
		return a->rss_began_ns +
		       TAKE_OVER_TICKS * (a->tick_ns > interval(a) ? a->tick_ns : interval(a));
	return grace_end(a) > a->rss_began_ns && grace_end(a) < due_ns ? grace_end(a) : due_ns;
}

/* Lists members from batch->next on. Return: false when there are no more. */
static bool list_members(struct watchdog *w, uint32_t account, struct batch *batch)
{
	struct ledger *ledger = w->ledger;
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace = slots_namespace_of(ledger, w->slot), mask;

	batch->count = 0;
	ledger_lock(ledger, &mask);
	for (; batch->next < end && batch->count < BATCH; batch->next++) {
		pid_t pid = slots_pid_in(&ledger->slot[batch->next], pid_namespace);

		if (!slots_is_member(ledger, batch->next, account))
			continue;
		/* One in a namespace further in, or out, which has no number here that we know. */
		if (!pid) {
			atomic_fetch_or_explicit(&ledger->degraded, LEDGER_RSS_UNSEEN, memory_order_relaxed);
			continue;
		}
		batch->slot[batch->count] = batch->next;
		batch->pid[batch->count++] = pid;
	}
	ledger_unlock(ledger, &mask);
	return batch->count > 0;
}

/* The second number, for a process that is what its slot says. */
static int64_t exact_bytes(const struct slot *s, pid_t pid, bool alone)
{
	int64_t share;

	if (procfs_life(pid, s->born_ns) != PROCFS_ALIVE)
		return 0;
	share = alone ? -1 : resident_share_of(pid);
	return share < 0 ? resident_of(pid) : share;
}

/* Adds up all members. Return: bytes, and in *members how many there were. */
static int64_t add_up(struct watchdog *w, uint32_t account, bool exact, uint32_t *members)
{
	struct batch batch = {.next = 0};
	bool alone = exact && *members == 1;
	int64_t sum = 0;

	*members = 0;
	while (list_members(w, account, &batch)) {
		for (uint32_t i = 0; i < batch.count; i++) {
			const struct slot *s = &w->ledger->slot[batch.slot[i]];
			pid_t pid = batch.pid[i];
			int64_t bytes = exact ? exact_bytes(s, pid, alone) : resident_of(pid);

			if (bytes < 0)
				atomic_fetch_or_explicit(&w->ledger->degraded, LEDGER_RSS_UNSEEN,
							 memory_order_relaxed);
			sum += bytes > 0 ? bytes : 0;
			*members += bytes > 0;
		}
	}
	return sum;
}

static int64_t first_above(int64_t since_ns, bool is_above, int64_t now_ns)
{
	return !is_above ? 0 : since_ns ? since_ns : now_ns;
}

static void sample(struct watchdog *w, uint32_t account, int64_t began_ns)
{
	struct account *a = &w->ledger->account[account];
	uint32_t members = 0;
	int64_t bytes = add_up(w, account, false, &members);
	uint64_t mask;

	if (bytes > least_limit(a))
		bytes = add_up(w, account, true, &members);
	ledger_lock(w->ledger, &mask);
	if (a->rss_base < 0)
		a->rss_base = bytes;
	a->rss_bytes = bytes;
	a->rss_peak = bytes > a->rss_peak ? bytes : a->rss_peak;
	a->rss_samples++;
	a->rss_above_ns = first_above(a->rss_above_ns, bytes > a->limit[RL_RSS], began_ns);
	a->rss_growth_above_ns = first_above(a->rss_growth_above_ns, bytes > growth_limit(a), began_ns);
	a->rss_cost_ns = raw_clock_ns(CLOCK_MONOTONIC) - began_ns;
	a->rss_judged_ns = began_ns;
	ledger_unlock(w->ledger, &mask);
}

/* Takes the sample that is due. Return: false if another member has begun it meanwhile. */
static bool take_turn(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	uint64_t mask;
	bool mine;

	ledger_lock(w->ledger, &mask);
	mine = now_ns >= sample_due_ns(w, a);
	if (mine) {
		a->rss_sampler = w->slot;
		a->rss_began_ns = now_ns;
	}
	ledger_unlock(w->ledger, &mask);
	return mine;
}

static int64_t look(struct watchdog *w, uint32_t account, int64_t now_ns, const int64_t *above_ns)
{
	struct account *a = &w->ledger->account[account];
	int64_t next_ns;
	uint64_t mask;

	if (take_turn(w, account, now_ns))
		sample(w, account, now_ns);
	ledger_lock(w->ledger, &mask);
	next_ns = *above_ns && a->rss_judged_ns - *above_ns >= a->rss_grace_ns ? METER_REACHED
									       : sample_due_ns(w, a);
	ledger_unlock(w->ledger, &mask);
	return next_ns;
}

int64_t meter_rss(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	return look(w, account, now_ns, &w->ledger->account[account].rss_above_ns);
}

int64_t meter_rss_growth(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	return look(w, account, now_ns, &w->ledger->account[account].rss_growth_above_ns);
}
