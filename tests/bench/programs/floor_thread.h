/*
 * floor_thread.h - a thread that libc does not know of and that never wakes, with all signals blocked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_BENCH_FLOOR_THREAD_H
#define RL_BENCH_FLOOR_THREAD_H

#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { FLOOR_STACK = 16384 };

static int sleep_for_ever(void *result)
{
	for (;;)
		syscall(SYS_ppoll, NULL, 0, NULL, NULL, 0);
	return result != NULL;
}

static inline void start_sleeping_thread(void)
{
	static char stack[FLOOR_STACK] __attribute__((aligned(16)));
	sigset_t all, mask;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &mask);
	if (clone(sleep_for_ever, stack + FLOOR_STACK,
		  CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM, NULL) < 0)
		_exit(2);
	sigprocmask(SIG_SETMASK, &mask, NULL);
}

#endif
