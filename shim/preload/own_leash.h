/*
 * own_leash.h - this process's own hold on its supervisor's life; see core/leash.h.
 *
 * Owns:    one descriptor, where there is a supervisor.
 * Called:  lifecycle at the start, forkguard, whoever makes a process, seccomp.
 * Context: any thread, async-signal-safe, leaves errno alone; may not return
 *          if the supervisor is dead.
 * Fork:    own_leash_fork(): the child replaces its parent's.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_OWN_LEASH_H
#define RL_PRELOAD_OWN_LEASH_H

#include <stdbool.h>

#include "forkguard.h"

/* Takes one if there is a supervisor that must not be outlived, and tells it of us. */
void own_leash_begin(void);

/* Tells the supervisor of a new process: it takes hold of it, and plans its looks anew. */
void own_leash_tell_of_child(void);

/* No child takes one of its own from here on: a filter would kill it for the calls. The supervisor's stays.
 */
void own_leash_forbid(void);

/* Whether the children of this process take one. */
bool own_leash_is_due(void);

/* A filter of system calls would punish a child for its socket. */
void own_leash_forbid_sockets(void);

void own_leash_fork(enum fork_side side);

#endif
