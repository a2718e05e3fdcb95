/*
 * forkguard.h - what each module with state does around a fork, in order.
 *
 * Owns:    the order.
 * Called:  interpose_process, interpose_clone and interpose_syscall, around a fork.
 * Context: the forking thread; in the child nothing else runs yet.
 * Fork:    this is it. Modules that need nothing say so in their headers.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_FORKGUARD_H
#define RL_PRELOAD_FORKGUARD_H

enum fork_side { FORK_PREPARE, FORK_PARENT, FORK_CHILD };

void forkguard_run(enum fork_side side);

#endif
