/*
 * kernel_timer.h - a POSIX timer that the kernel keeps for this process.
 *
 * Owns:    nothing; who arms one never touches it again.
 * Called:  backstop and late_start, in a process that has just begun.
 * Context: any thread, async-signal-safe, not in a vfork child; never
 *          allocates, leaves errno alone.
 * Fork:    nothing, because timers are not inherited. They end with an exec.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_KERNEL_TIMER_H
#define RL_PRELOAD_KERNEL_TIMER_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* Has `event` happen once, when `clock` shows at_ns. Return: false if the kernel refuses. */
bool kernel_timer_arm(clockid_t clock, int64_t at_ns, struct sigevent *event);

/* The same when `clock` has gone on by in_ns. */
bool kernel_timer_arm_in(clockid_t clock, int64_t in_ns, struct sigevent *event);

#endif
