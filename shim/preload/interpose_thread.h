/*
 * interpose_thread.h - what other parts need to know of threads.
 *
 * Owns:    the key whose destructor ends a thread.
 * Called:  lifecycle, member, forkguard, raw_threads.
 * Context: see each; takes no lock.
 * Fork:    nothing: see the .c file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_THREAD_H
#define RL_PRELOAD_INTERPOSE_THREAD_H

#include <stdbool.h>

#include "forkguard.h"

/* Makes the key whose destructor ends a thread. Return: 0 or -errno. */
int thread_make_key(void);

/*
 * Sees to it that a thread which libc or a library made gives its cell back.
 * Context: the thread itself, on its first allocation.
 */
void thread_return_cell_at_end(void);

/* Whether the calling thread, which the program made, has given its place back: it is at its very end. */
bool thread_has_left(void);

/* Whether the calling thread has a place to give back, as all but the first have. */
bool thread_is_counted(void);

/* In a forked child the thread is its process's first, and has no place of its own to give back. */
void thread_fork(enum fork_side side);

#endif
