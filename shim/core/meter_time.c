/*
 * meter_time.c - wall and processor time; see meter.h.
 *
 * Wall time is one deadline. Processor time is looked at when it could first
 * be used up: what remains, divided by the threads that can run at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "meter.h"

#include "cputime.h"
#include "ledger_lock.h"
#include "watchdog.h"

enum {
	CPU_LOOK_NS = 100000,	    /* the finest look at processor time */
	CPU_IDLE_LOOK_NS = 8000000, /* for a tree near its limit that does not run */
};

int64_t meter_wall(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	int64_t deadline_ns = w->ledger->account[account].wall_deadline_ns;

	return now_ns >= deadline_ns ? METER_REACHED : deadline_ns;
}

/* When the account's processor time could first be used up. */
static int64_t next_cpu_look(struct watchdog *w, const struct account *a, int64_t used_ns, int64_t now_ns)
{
	int64_t runners = a->procs + a->threads;
	int64_t wait_ns, least_ns = CPU_LOOK_NS;

	if (runners > (int64_t)w->cpus)
		runners = w->cpus;
	wait_ns = (a->limit[RL_CPU] - used_ns) / (runners > 0 ? runners : 1);
	w->idle_looks = used_ns - w->cpu_seen_ns < CPU_LOOK_NS / 10 ? w->idle_looks + 1 : 0;
	w->cpu_seen_ns = used_ns;
	for (uint32_t i = 0; i < w->idle_looks && least_ns < CPU_IDLE_LOOK_NS; i++)
		least_ns *= 2;
	return now_ns + (wait_ns > least_ns ? wait_ns : least_ns);
}

int64_t meter_cpu(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	const struct account *a = &w->ledger->account[account];
	int64_t used_ns, next_ns = METER_REACHED;
	uint64_t mask;
	bool is_locked;

	is_locked = ledger_lock_urgent(w->ledger, &mask);
	used_ns = cputime_of_account(w->ledger, account, w->slot);
	if (used_ns < a->limit[RL_CPU])
		next_ns = next_cpu_look(w, a, used_ns, now_ns);
	ledger_unlock_urgent(w->ledger, &mask, is_locked);
	return next_ns;
}
