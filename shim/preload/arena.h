/*
 * arena.h - memory that is never given back, for tables that a signal handler may need.
 *
 * Owns:    where the next block lies.
 * Called:  mappings.
 * Context: any thread, async-signal-safe, fork child, vfork child; leaves errno alone.
 * Fork:    nothing: the child goes on in its own copy.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_ARENA_H
#define RL_PRELOAD_ARENA_H

#include <stddef.h>

enum { ARENA_CHUNK = 64 << 10, ARENA_BLOCK_MAX = 16 << 10, ARENA_ALIGNMENT = 64 };

/* A zeroed block of at most ARENA_BLOCK_MAX bytes, or NULL. */
void *arena_alloc(size_t bytes);

#endif
