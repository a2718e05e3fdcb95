/*
 * approach.c - the last moments before a limit of time; see approach.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "approach.h"

#include <stdatomic.h>

#include "attrs.h"
#include "rawsys.h"
#include "schedule.h"
#include "signal_state.h"
#include "stops.h"
#include "watchdog.h"

enum {
	REHEARSED_NS = 2000000, /* no rehearsal is worth another within this time */
	LONG_SLEEP_NS = 4000000,
};

/* As sched_getaffinity(2) gives it, and how many bytes of it; none: the thread is where it was. */
static uint64_t processors[64] RL_SELDOM;
static long processors_size;

static _Atomic bool forbidden; /* any thread writes it, before a filter stands */

bool approach_is_ours(const struct watchdog *w, const struct account *a)
{
	/* The only processor would be taken from a program that may yet have something to do. */
	return w->prepare_end && w->slot == a->root && w->cpus > 1;
}

bool approach_rehearse(struct watchdog *w, int64_t now_ns)
{
	if (!w->rehearse_end || now_ns - w->rehearsed_ns < REHEARSED_NS)
		return false;
	w->rehearsed_ns = now_ns;
	w->rehearse_end();
	return true;
}

static bool is_wanted(const struct watchdog *w)
{
	return atomic_load_explicit(&w->kicked, memory_order_relaxed) ||
	       atomic_load_explicit(&w->stopping, memory_order_relaxed);
}

void approach_await(struct watchdog *w, int64_t deadline_ns, int64_t now_ns)
{
	if (approach_rehearse(w, now_ns))
		stops_look_ahead(w);
	while (raw_clock_ns(CLOCK_MONOTONIC) < deadline_ns && !is_wanted(w))
		raw_cpu_relax();
}

void approach_forbid(bool forbid)
{
	atomic_store_explicit(&forbidden, forbid, memory_order_seq_cst);
}

bool approach_is_forbidden(void)
{
	return atomic_load_explicit(&forbidden, memory_order_seq_cst);
}

void approach_init(void)
{
	processors_size = 0;
}

bool approach_is_beside_first(void)
{
	return processors_size > 0;
}

void approach_go_beside_first(void)
{
	uint64_t beside[RL_ARRAY_LEN(processors)] = {0};
	int processor;
	long size;

	if (processors_size || approach_is_forbidden() || !schedule_is_before_others())
		return;
	processor = signal_state_processor_of_first();
	if (processor < 0 || processor >= (int)(8 * sizeof(beside)))
		return;
	size = raw_syscall3(SYS_sched_getaffinity, 0, sizeof(processors), processors);
	beside[processor / 64] = 1ULL << processor % 64;
	if (size > 0 && raw_syscall3(SYS_sched_setaffinity, 0, size, beside) == 0)
		processors_size = size;
}

void approach_leave(int64_t sleep_ns)
{
	if (!processors_size || sleep_ns < LONG_SLEEP_NS || approach_is_forbidden())
		return;
	raw_syscall3(SYS_sched_setaffinity, 0, processors_size, processors);
	processors_size = 0;
}
