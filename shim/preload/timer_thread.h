/*
 * timer_thread.h - the watchdog's home in a guarded process.
 *
 * Owns:    the thread, its stack, the process's struct watchdog.
 * Called:  lifecycle, forkguard, interpose_identity (pause), member (kick).
 * Context: starting: any thread, async-signal-safe, not in a vfork child.
 *          The thread itself: no libc, all signals blocked, raw system calls.
 * Fork:    the child has its own thread at once or, while others see to it, when
 *          it is no passer-by (late_start.h); the kernel's timer in any case: one
 *          that never comes back to us must not outlive the last process that
 *          has a thread.
 *
 * The thread is made by a raw clone: a thread made by pthread_create would
 * make putc five times as slow for the rest of the process, and would keep
 * alive a program whose main thread calls pthread_exit.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_TIMER_THREAD_H
#define RL_PRELOAD_TIMER_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/record.h"
#include "forkguard.h"
#include "newborn.h"

/* Starts the thread if a limit needs one and it does not run. */
void timer_thread_ensure(void);

/* Has the kernel call for it, and stand behind it, in a child that has not grown up. Return: false if it
 * cannot. */
bool timer_thread_arm(const struct newborn *newborn);

/* Waits until it has made the calls that it makes only once, if it runs: from then on they may be forbidden.
 */
void timer_thread_await_begin(void);

/* Whether it runs: the kernel counts it among the process's threads. */
bool timer_thread_is_there(void);

/* Whether a supervisor does its work. */
bool timer_thread_is_outside(void);

/* Makes it, or the supervisor, look at the ledger now. */
void timer_thread_kick(void);

/* Makes it look at the ledger at that time (CLOCK_MONOTONIC ns) or before. */
void timer_thread_expect(int64_t at_ns);

/* Makes it look now if processor time is limited: with one more runner it may be used up sooner than planned.
 */
void timer_thread_expect_runner(void);

/* The process is about to stop itself. Context: any thread, async-signal-safe. */
void timer_thread_expect_stop(void);

/* The calling thread ends the process, and opens files for it. Context: any thread, async-signal-safe. */
void timer_thread_expect_end(void);

/* Ends the thread and waits until the kernel has forgotten it; starts it again if it ran. */
struct timer_pause {
	bool was_running;
};
struct timer_pause timer_thread_pause(void);
void timer_thread_resume(struct timer_pause pause);

/* No new thread is made from here on, in this process or its children: a filter would kill who tries. */
void timer_thread_forbid(void);

/* The calling thread is about to end by itself; it may be the last one of the program. */
void timer_thread_expect_leave(bool is_leader);

/* It looks for what is asked of it by itself, because nobody could wake it. */
void timer_thread_expect_errands(void);

/*
 * Has it record the end of the process, and waits for that, without system calls but to wake it.
 * Return: whether there is such a thread.
 */
bool timer_thread_end(const struct record_ending *ending, bool may_wake);

void timer_thread_fork(enum fork_side side);

#endif
