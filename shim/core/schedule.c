/*
 * schedule.c - a thread's turn on a processor; see schedule.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "schedule.h"

#include <stdint.h>

#include "rawsys.h"

enum {
	SLICE_NS = 100000, /* the shortest that the kernel takes */
	SCHEDULE_ORDINARY = 0,
	SCHEDULE_FIFO = 1,
	SCHEDULE_RESET_ON_FORK = 1,
};

/* As sched_setattr(2) takes it, in its first version. */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

static bool find(pid_t tid, struct sched_attributes *attributes)
{
	return raw_syscall4(SYS_sched_getattr, tid, attributes, sizeof(*attributes), 0) == 0;
}

bool schedule_before_others(pid_t tid)
{
	struct sched_attributes attributes = {.size = 0};

	if (!find(tid, &attributes))
		return false;
	if (attributes.policy != SCHEDULE_ORDINARY)
		return attributes.policy == SCHEDULE_FIFO;
	attributes.policy = SCHEDULE_FIFO;
	attributes.flags = SCHEDULE_RESET_ON_FORK;
	attributes.priority = 1;
	return raw_syscall3(SYS_sched_setattr, tid, &attributes, 0) == 0;
}

bool schedule_is_before_others(void)
{
	struct sched_attributes attributes = {.size = 0};

	return find(0, &attributes) && attributes.policy == SCHEDULE_FIFO;
}

/* The clock of a thread that runs goes on between two looks; the first brings it up to date. */
bool schedule_is_running(pid_t tid)
{
	clockid_t clock = raw_cpu_clock_of_thread(tid);
	int64_t before_ns = raw_clock_ns(clock);

	return raw_clock_ns(clock) > before_ns;
}

void schedule_in_short_slices(void)
{
	struct sched_attributes attributes = {.size = 0};

	if (!find(0, &attributes) || attributes.policy != SCHEDULE_ORDINARY)
		return;
	attributes.flags = 0;
	attributes.runtime = SLICE_NS;
	raw_syscall3(SYS_sched_setattr, 0, &attributes, 0);
}
