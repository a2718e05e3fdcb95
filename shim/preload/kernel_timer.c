/*
 * kernel_timer.c - a timer of the kernel's; see kernel_timer.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "kernel_timer.h"

#include <string.h>

#include "core/rawsys.h"

bool kernel_timer_arm(clockid_t clock, int64_t at_ns, struct sigevent *event)
{
	struct itimerspec when;
	int id;

	at_ns += raw_clock_shift_of(clock);
	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = at_ns / 1000000000;
	when.it_value.tv_nsec = at_ns % 1000000000;
	return raw_syscall3(SYS_timer_create, clock, event, &id) == 0 &&
	       raw_syscall4(SYS_timer_settime, id, TIMER_ABSTIME, &when, NULL) == 0;
}
