/*
 * schedule.h - a thread's turn on a processor.
 *
 * Owns:    nothing.
 * Called:  watchdog for its own thread; step_signals for those that it kills.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because children begin with the ordinary policy.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SCHEDULE_H
#define RL_CORE_SCHEDULE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Puts a thread (0: the calling one) before all that have the ordinary policy,
 * by the lowest real-time priority. Return: whether it is; false where that is not
 * permitted, or the thread has another policy that somebody chose.
 */
bool schedule_before_others(pid_t tid);

/* Whether the calling thread is before those that have the ordinary policy. */
bool schedule_is_before_others(void);

/* Whether a thread has a processor at this instant. */
bool schedule_is_running(pid_t tid);

/* Gives the calling thread the shortest slice, which goes first since Linux 6.12, unprivileged. */
void schedule_in_short_slices(void);

#endif
