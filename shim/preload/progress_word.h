/*
 * progress_word.h - where this process tells its progress.
 *
 * Owns:    the pointer to the word in the process's slot.
 * Called:  lifecycle at the start, forkguard, reslimit_progress().
 * Context: reading: any thread, async-signal-safe, vfork child (which tells on
 *          behalf of its parent).
 * Fork:    progress_fork(): the child has a slot, and so a word, of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_PROGRESS_WORD_H
#define RL_PRELOAD_PROGRESS_WORD_H

#include <stdint.h>

#include "core/attrs.h"
#include "forkguard.h"

/* The slot's progress_ns; NULL if no limit asks for it. Writer: the thread that starts or forks. */
extern _Atomic int64_t *_Atomic progress_word RL_HIDDEN;

void progress_begin(void);
void progress_fork(enum fork_side side);

#endif
