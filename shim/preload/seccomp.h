/*
 * seccomp.h - a program that is about to forbid itself system calls that we make.
 *
 * Owns:    what was found out about the filters so far.
 * Called:  prctl(), syscall() (interposers below), interpose_exec, lifecycle at the end.
 * Context: any thread, async-signal-safe, never allocates.
 * Fork:    seccomp_fork(): a child has no watchdog that could end it for a handler of ours, and so no
 *          such handlers. Filters are inherited, and so is what is known of them.
 *
 * A filter that kills would kill the program for a call of ours. Each is tried
 * on the calls that we make, before it is installed. Where one would be
 * fatal, we do without: the end of the process is recorded by the watchdog's
 * thread, which a filter of one thread does not bind; without what the ledger
 * needs, the program's calls are no longer charged; a watchdog that would be
 * bound, too, ends before; a child that is forked later has no watchdog, no
 * kernel's timer or no hold on the supervisor of its own. The record's `escapes` then say "seccomp". A filter
 * that answers with an error is harmless.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SECCOMP_H
#define RL_PRELOAD_SECCOMP_H

#include <stdbool.h>

#include "core/record.h"
#include "forkguard.h"

/*
 * Whether the end of the process must not be recorded in the calling thread;
 * if so, it has been recorded elsewhere if it could be.
 */
bool seccomp_took_end(const struct record_ending *ending);

/* Whether descriptors can be made ready for an exec. */
bool seccomp_lets_pass_descriptors(void);

/* Whether no filter has anything against any of our calls. */
bool seccomp_lets_all(void);

/* syscall() with the numbers of prctl(2) and seccomp(2): called as that is. */
long seccomp_syscall(long number, long a, long b, long c, long d, long e, long f);

void seccomp_fork(enum fork_side side);

/* Whether an exec may ask for the thread's list of robust futexes. */
bool seccomp_lets_mark_exec(void);

#endif
