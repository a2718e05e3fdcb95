/*
 * bootheap.h - blocks for whoever allocates before malloc is known.
 *
 * Owns:    one static arena; blocks are never reused.
 * Called:  real.c's stand-ins, interpose_heap.
 * Context: any thread, async-signal-safe, leaves errno alone.
 * Fork:    nothing, because the child's copy stays right.
 *
 * A block's header looks like that of a glibc chunk with a mapping of its own,
 * so that glibc's malloc_usable_size() reads its size.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_BOOTHEAP_H
#define RL_PRELOAD_BOOTHEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BOOTHEAP_SIZE = 64 << 10, BOOTHEAP_ALIGNMENT = 16 };

extern char bootheap_arena[BOOTHEAP_SIZE];

/* A zeroed block, or NULL. */
void *bootheap_alloc(size_t size, size_t alignment);

static inline bool bootheap_owns(const void *block)
{
	return (uintptr_t)block - (uintptr_t)bootheap_arena < BOOTHEAP_SIZE;
}

size_t bootheap_usable_size(const void *block);

#endif
