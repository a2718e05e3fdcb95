/*
 * floor_heap.c - the floor of heap calls: a library that passes them on and, depending on COUNTER, counts.
 *
 *   PASS    nothing else: what it costs to stand between
 *   HEADER  a thread's own count of bytes, by the size that glibc keeps in the word before a block
 *   ASK     the same by malloc_usable_size(), as any allocator's blocks can be counted
 *
 * Nothing is refused, nobody else sees the count, no peak is kept: what a byte budget adds to this is its
 * own.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdlib.h>

#include "next.h"

enum { PASS, HEADER, ASK };
enum { FLAGS = 7 };

__thread ptrdiff_t floor_heap_bytes;

DEFINE_NEXT(void *, malloc, (size_t size), (size))
DEFINE_NEXT(void *, calloc, (size_t count, size_t size), (count, size))
DEFINE_NEXT(void *, realloc, (void *block, size_t size), (block, size))
DEFINE_NEXT(size_t, malloc_usable_size, (void *block), (block))
DEFINE_NEXT(void, free, (void *block), (block))

static inline ptrdiff_t size_of(void *block)
{
	if (COUNTER == ASK)
		return (ptrdiff_t)next_malloc_usable_size(block);
	return (ptrdiff_t)(((size_t *)block)[-1] & ~(size_t)FLAGS);
}

static inline void *counted(void *block)
{
	if (block)
		floor_heap_bytes += size_of(block);
	return block;
}

void *malloc(size_t size)
{
	if (COUNTER == PASS)
		return next_malloc(size);
	return counted(next_malloc(size));
}

void *calloc(size_t count, size_t size)
{
	if (COUNTER == PASS)
		return next_calloc(count, size);
	return counted(next_calloc(count, size));
}

void *realloc(void *block, size_t size)
{
	ptrdiff_t old_size;
	void *moved;

	if (COUNTER == PASS)
		return next_realloc(block, size);
	old_size = block ? size_of(block) : 0;
	moved = next_realloc(block, size);
	if (moved || !size)
		floor_heap_bytes -= old_size;
	return counted(moved);
}

void free(void *block)
{
	if (COUNTER != PASS && block)
		floor_heap_bytes -= size_of(block);
	next_free(block);
}
