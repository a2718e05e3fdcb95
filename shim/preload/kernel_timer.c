/*
 * kernel_timer.c - a timer of the kernel's; see kernel_timer.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kernel_timer.h"

#include <string.h>

#include "core/rawsys.h"

static bool arm(clockid_t clock, int flags, int64_t when_ns, struct sigevent *event)
{
	struct itimerspec when;
	int id;

	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = when_ns / 1000000000;
	when.it_value.tv_nsec = when_ns % 1000000000;
	return raw_syscall3(SYS_timer_create, clock, event, &id) == 0 &&
	       raw_syscall4(SYS_timer_settime, id, flags, &when, NULL) == 0;
}

bool kernel_timer_arm(clockid_t clock, int64_t at_ns, struct sigevent *event)
{
	return arm(clock, TIMER_ABSTIME, at_ns + raw_clock_shift_of(clock), event);
}

bool kernel_timer_arm_in(clockid_t clock, int64_t in_ns, struct sigevent *event)
{
	return arm(clock, 0, in_ns, event);
}
