/*
 * arena.c - memory that is never given back; see arena.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "arena.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>

#include "core/rawsys.h"

/*
 * The chunk ends at the next multiple of its size, and begins a little after
 * one, so that an end is never a beginning. 0 at first. Writers: any thread,
 * by compare and exchange.
 */
static _Atomic uintptr_t next_block;

static uintptr_t place_in_chunk(uintptr_t at)
{
	return at & (ARENA_CHUNK - 1);
}

/* A chunk at a multiple of its size. Return: its address, or 0. */
static uintptr_t new_chunk(void)
{
	long got =
		raw_mmap(NULL, 2 * ARENA_CHUNK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uintptr_t begin = (uintptr_t)got;
	uintptr_t chunk = (begin + ARENA_CHUNK - 1) & ~(uintptr_t)(ARENA_CHUNK - 1);

	if (raw_is_error(got))
		return 0;
	if (chunk > begin)
		raw_munmap((void *)begin, chunk - begin);
	raw_munmap((void *)(chunk + ARENA_CHUNK), begin + ARENA_CHUNK - chunk);
	return chunk;
}

void *arena_alloc(size_t bytes)
{
	uintptr_t at = atomic_load_explicit(&next_block, memory_order_acquire);

	bytes = (bytes + ARENA_ALIGNMENT - 1) & ~(size_t)(ARENA_ALIGNMENT - 1);
	for (;;) {
		uintptr_t fresh = 0;
		uintptr_t block = at;

		if (!place_in_chunk(at) || place_in_chunk(at) + bytes > ARENA_CHUNK) {
			fresh = new_chunk();
			if (!fresh)
				return NULL;
			block = fresh + ARENA_ALIGNMENT;
		}
		/* Who loses against another thread, or a handler, goes on from what that one left. */
		if (atomic_compare_exchange_strong_explicit(&next_block, &at, block + bytes,
							    memory_order_acq_rel, memory_order_acquire))
			return (void *)block;
		if (fresh)
			raw_munmap((void *)fresh, ARENA_CHUNK);
	}
}
