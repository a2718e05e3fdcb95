/*
 * interpose_thread.h - what other parts need to know of threads.
 *
 * Owns:    the key whose destructor ends a thread.
 * Called:  lifecycle, member, forkguard.
 * Context: see each; takes no lock.
 * Fork:    nothing: see the .c file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_THREAD_H
#define RL_PRELOAD_INTERPOSE_THREAD_H

#include "forkguard.h"

/* Makes the key whose destructor ends a thread. Return: 0 or -errno. */
int thread_make_key(void);

/*
 * Sees to it that a thread which libc or a library made gives its cell back.
 * Context: the thread itself, on its first allocation.
 */
void thread_return_cell_at_end(void);

/* In a forked child the thread is its process's first, and has no place of its own to give back. */
void thread_fork(enum fork_side side);

#endif
