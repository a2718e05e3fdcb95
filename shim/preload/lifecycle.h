/*
 * lifecycle.h - start and end of the guard in a process.
 *
 * Owns:    the order in which the modules start and end.
 * Called:  ld.so (constructor), exit() and quick_exit(), interpose_exit, interpose_exec, fatal.
 * Context: ending: async-signal-safe, vfork child (does nothing there).
 * Fork:    lifecycle_fork(): the child has not ended, even if its parent was about to.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_LIFECYCLE_H
#define RL_PRELOAD_LIFECYCLE_H

#include "core/record.h"
#include "forkguard.h"

/* Notes the status that quick_exit() was given, which its handlers are not told. */
void lifecycle_expect_exit(int status);

/* Writes the record if it is due and leaves the tree. Called again, it does nothing. */
void lifecycle_end(const struct record_ending *ending);

/*
 * The same in a thread that is none of the program's, without thread-local words; from here on
 * the program neither executes another nor ends by itself. Return: false, after a while, if it is at that.
 */
bool lifecycle_end_elsewhere(const struct record_ending *ending);

/* Around the exec of another program. Context: not in a vfork child. */
void lifecycle_begin_exec(void);
void lifecycle_end_exec(void);

void lifecycle_fork(enum fork_side side);

#endif
