/*
 * seize.h - the registers of threads that run.
 *
 * Owns:    nothing; the kernel keeps who is seized.
 * Called:  stacks, in a process of its own that ends soon after.
 * Context: a process that is not of the threads' group and has no other
 *          children; async-signal-safe, never allocates, leaves errno alone.
 *          What could not be stopped in time is let go by seize_let_go(); of
 *          what is only let go by the end of that process a call may fail.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SEIZE_H
#define RL_CORE_SEIZE_H

#include "registers.h"
#include <sys/types.h>

/* Asks a thread to stop. Return: 0 or -errno. */
int seize_ask(pid_t tid);

/*
 * The next thread that has stopped, with its registers and the system call it
 * is in or -1; call seize_release() soon.
 * Return: its tid, or 0 when that time has come.
 */
pid_t seize_next(struct registers *registers, long *call, int64_t until_ns);

void seize_release(pid_t tid);

/*
 * Lets go of threads that were asked and have not stopped yet, as they do, until that time. One that sleeps
 * has been woken by being asked: some calls then return EINTR, unless the thread is met where it stops.
 */
void seize_let_go(int64_t until_ns);

#endif
