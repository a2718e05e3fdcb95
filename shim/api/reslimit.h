/*
 * reslimit.h - what a program or a plug-in can say to reslimit, and hear from it.
 *
 * Units: bytes and nanoseconds. Times are of CLOCK_MONOTONIC unless said.
 * A limit that is not set reads as RESLIMIT_UNLIMITED.
 *
 * Every structure begins with its size as the library knows it. Members are
 * only ever added at the end: look at `size` before you read one that is
 * younger than the oldest library you want to work with.
 *
 * Since version 0.1, unless a declaration says otherwise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RESLIMIT_H
#define RESLIMIT_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RESLIMIT_UNLIMITED INT64_MAX

/* ---- Progress: RESLIMIT_IDLE=TIME ----------------------------------------------------------------------

   The functions of this part are there only in a process that is guarded. They
   are declared weak, so that a program that calls them is linked and runs
   without reslimit; the macros of the same names then answer in their place. */

/*
 * Tells that the program gets on: the limit on idle time, of this process's
 * budget and of those around it, begins anew. It costs a look at the clock and a
 * store, without a system call or a lock: call it in every round of a loop.
 *
 * It does not move RESLIMIT_WALL, which is what ends a program whose main work
 * hangs while another thread goes on telling progress: set both.
 *
 * Any thread, signal handlers, a child of fork() before exec.
 * Return: 0; -1 with errno ENOENT: no limit on idle time is set, or nobody guards.
 */
int reslimit_progress(void) __attribute__((weak));

static inline int reslimit_is_absent(void)
{
	errno = ENOENT;
	return -1;
}
#define reslimit_progress() (reslimit_progress ? reslimit_progress() : reslimit_is_absent())

#ifdef __cplusplus
}
#endif

#endif
