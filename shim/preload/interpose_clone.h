/*
 * interpose_clone.h - what is the same for every task that is cloned, by whichever call.
 *
 * Owns:    nothing.
 * Called:  interpose_clone, interpose_syscall.
 * Context: any thread, async-signal-safe, vfork child.
 * Fork:    nothing, because it holds no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_CLONE_H
#define RL_PRELOAD_INTERPOSE_CLONE_H

#include <stdbool.h>
#include <stdint.h>

/* Before any task with those flags is made. */
void clone_expect(int flags);

/* Whether the new task is to have the thread-local words of its maker, which runs on beside it. */
bool clone_shares_words(uint64_t flags);

#endif
