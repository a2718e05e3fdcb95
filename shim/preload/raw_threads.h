/*
 * raw_threads.h - threads that the program makes by clone().
 *
 * Owns:    the list of their numbers.
 * Called:  interpose_clone, interpose_syscall; interpose_thread before it refuses one; lifecycle.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    raw_threads_fork(): the child has none of them.
 *
 * Nobody hears of such a thread's end. So its place is given back when that
 * matters, like a process's: at the limit, and before the next one is made,
 * those whose number is gone are struck off.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_RAW_THREADS_H
#define RL_PRELOAD_RAW_THREADS_H

#include <stdbool.h>
#include <sys/types.h>

#include "forkguard.h"

/* Reserves a place. Return: false, with the refusal noted, at the limit. Takes the ledger's lock. */
bool raw_threads_reserve(const char *call, const void *caller);

/* Notes the new thread, or returns the place if there is none (tid <= 0). Takes the ledger's lock. */
void raw_threads_settle(pid_t tid);

/* Gives back the places of the dead. Return: whether there were any. Context: under the ledger's lock. */
bool raw_threads_sweep(void);

/* Notes in the ledger if this process has threads that nobody counted. Context: a system call or a few. */
void raw_threads_note_strangers(void);

void raw_threads_fork(enum fork_side side);

#endif
