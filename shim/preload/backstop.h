/*
 * backstop.h - the kernel's own timers behind the last steps of the time limits.
 *
 * Owns:    the POSIX timers that it makes, whose number nobody needs to know.
 * Called:  lifecycle at the start, timer_thread in a forked child, seccomp.
 * Context: any thread, async-signal-safe, not in a vfork child; never
 *          allocates, leaves errno alone.
 * Fork:    nothing, because the child arms its own: timers are not inherited.
 *
 * Each timer sends SIGKILL, so that a watchdog that is stuck or gone does not
 * make a program without limits:
 *
 *   wall       half a second after the last step, and as much later as time
 *              stopped may be left out of wall time: the kernel cannot tell a
 *              stopped process from a stuck one.
 *   wall, too  when the first thread alone has used as much processor time: it
 *              was not stopped meanwhile.
 *   cpu        half a second of each processor after the last step, on the clock
 *              of the process.
 *
 * RLIMIT_CPU would do the last as well, but a program sees it (getrlimit, ulimit
 * -t), its children inherit it although it counts each anew, and it knows whole
 * seconds only. The timers are seen in /proc/self/timers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_BACKSTOP_H
#define RL_PRELOAD_BACKSTOP_H

#include <stdint.h>

struct backstop {
	int64_t stopped_at_ns; /* CLOCK_MONOTONIC */
	int64_t running_ns;    /* of the first thread's processor time from now on */
	int64_t cpu_ns;	       /* of the process's */
};

/* What the timers of the process in `slot` are to be; INT64_MAX: there is none of that kind. */
void backstop_plan(struct backstop *plan, uint32_t slot);

/* Context: the process's first thread. */
void backstop_arm(const struct backstop *plan);

/* No child arms one from here on: a filter would kill it for the calls. */
void backstop_forbid(void);

#endif
