/*
 * tasks.h - what the threads of a process are doing, as /proc tells it.
 *
 * Owns:    nothing; struct tasks is the caller's (large: not for a stack).
 * Called:  stacks.
 * Context: the watchdog's thread; async-signal-safe, never allocates, leaves
 *          errno alone. Nothing is stopped or interrupted.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_TASKS_H
#define RL_CORE_TASKS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { TASKS_MAX = 256, TASK_NAME = 16, TASK_PLACE = 28 };

/* The name of the watchdog's thread: it is none of the program's. */
#define TASKS_WATCHDOG_NAME "reslimit-timer"

/* Values of struct task.call that are no system call. */
enum { TASK_NO_CALL = -1, TASK_UNKNOWN = -2, TASK_ON_PROCESSOR = -3 };

struct task {
	pid_t pid, tid;
	bool own;		 /* of the calling process */
	bool runs;		 /* used a processor between the looks, or waits for one */
	char state;		 /* R S D T t ... as in proc(5) */
	char name[TASK_NAME];	 /* bytes that the program chose */
	long call;		 /* number of the system call it is in */
	uint64_t sp, pc;	 /* where the thread is in its program; 0: not told */
	char place[TASK_PLACE];	 /* the kernel function in which it waits, where the call is not told */
	int64_t cpu_ns, used_ns; /* its processor time, and what it used between the looks */
};

struct tasks {
	int count;
	int64_t threads; /* looked at, also those for which there was no entry */
	int64_t running, sleeping, stopped, uninterruptible;
	bool cut; /* time was up before all were seen */
	struct task task[TASKS_MAX];
};

/* Adds the threads of a process; `own` says that it is the caller's. Stops at that time (CLOCK_MONOTONIC). */
void tasks_add(struct tasks *tasks, pid_t pid, bool own, int64_t until_ns);

/* Looks again, `elapsed_ns` after the first look began: who runs, who sleeps where. */
void tasks_look_again(struct tasks *tasks, int64_t elapsed_ns, int64_t until_ns);

#endif
