/*
 * late_start.h - the kernel calls for the watchdog's thread when a forked child turns out to need one.
 *
 * Owns:    two POSIX timers of the child, and what it does at LATE_START_SIGNAL.
 * Called:  timer_thread in a forked child; seccomp.
 * Context: planning: the only thread of a process that has just been forked;
 *          async-signal-safe, never allocates, leaves errno alone. The handler
 *          runs on the child's first thread.
 * Fork:    the child plans anew: timers are not inherited, and the handler is
 *          put in place again, which changes nothing.
 *
 * Most forked children are over soon, or execute another program, and the
 * thread costs them more than all the rest of us: it is woken on another
 * processor, and an exec waits until it is gone. While the first process of
 * their budget has a watchdog, that one sees to them. So a child's own starts late:
 *
 *   cpu    when the child has used as much processor time as passers-by do not.
 *          The kernel tells that on the way back to the program (x86-64 since
 *          5.10), so that no system call is interrupted.
 *   wall   right after the deadline, at which others have acted if there are any. If it
 *          was put off instead, because the tree was stopped, the child may be in a call:
 *          that goes on (resume_call.h).
 *
 * The signal is one that libc keeps for itself: programs can neither block it
 * nor have a handler of their own for it, and see it in no set of signals. What
 * libc itself sends by it goes on to libc's handler.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_LATE_START_H
#define RL_PRELOAD_LATE_START_H

#include <stdbool.h>
#include <stdint.h>

/* What libc cancels threads by. */
enum { LATE_START_SIGNAL = 32 };

/* Before the fork, in the parent: what stands here already the child need not write, which would be a page.
 */
void late_start_prepare(void (*start)(void));

/*
 * Has `start` called from a signal handler, once the process is no passer-by or
 * CLOCK_MONOTONIC has passed deadline_ns (INT64_MAX: no deadline). It may be called
 * more than once. Return: false if that cannot be had.
 */
bool late_start_plan(int64_t deadline_ns, void (*start)(void));

/* Nothing is planned or done any more, in this process or its children: a filter might kill for the calls. */
void late_start_forbid(void);

#endif
