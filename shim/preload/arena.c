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

/*
 * A chunk that nobody uses yet, or 0: a process at the limit of its address space, or of its mappings, may
 * still need a table to unmap something. Writers: as above.
 */
static _Atomic uintptr_t spare;

static uintptr_t place_in_chunk(uintptr_t at)
{
	return at & (ARENA_CHUNK - 1);
}

/*
 * So many chunks in a row, at a multiple of their size. What is mapped before
 * and behind them is never touched: it costs addresses, but to unmap it would
 * cost two calls, and leave holes among which the kernel then looks for a
 * place whenever the program maps something.
 * Return: the address of the first, or 0.
 */
static uintptr_t map_chunks(size_t count)
{
	long got = raw_mmap(NULL, (count + 1) * ARENA_CHUNK, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (raw_is_error(got))
		return 0;
	return ((uintptr_t)got + ARENA_CHUNK - 1) & ~(uintptr_t)(ARENA_CHUNK - 1);
}

static void keep_spare(uintptr_t chunk)
{
	uintptr_t none = 0;

	if (!atomic_compare_exchange_strong_explicit(&spare, &none, chunk, memory_order_acq_rel,
						     memory_order_relaxed))
		raw_munmap((void *)chunk, ARENA_CHUNK);
}

/* The spare one, and another in its place if that can be had. Return: its address, or 0. */
static uintptr_t new_chunk(void)
{
	uintptr_t chunk = atomic_exchange_explicit(&spare, 0, memory_order_acq_rel);
	uintptr_t next = map_chunks(chunk ? 1 : 2);

	if (!chunk && next) {
		chunk = next;
		next += ARENA_CHUNK;
	}
	if (next)
		keep_spare(next);
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
			keep_spare(fresh);
	}
}
