/*
 * bootheap.c - blocks for whoever allocates early; see bootheap.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "bootheap.h"

#include <stdatomic.h>
#include <stdint.h>

#include "core/attrs.h"

char bootheap_arena[BOOTHEAP_SIZE] RL_SELDOM;

static _Atomic size_t used; /* writers: any thread, by compare and exchange */

struct header {
	size_t previous;
	size_t size_and_flags;
};

enum { HEADER_IS_MMAPPED = 2 };

static size_t round_up(size_t n, size_t alignment)
{
	return (n + alignment - 1) & ~(alignment - 1);
}

void *bootheap_alloc(size_t size, size_t alignment)
{
	size_t begin = atomic_load_explicit(&used, memory_order_relaxed);
	uintptr_t arena = (uintptr_t)bootheap_arena;
	size_t at, end;

	if (alignment < BOOTHEAP_ALIGNMENT)
		alignment = BOOTHEAP_ALIGNMENT;
	if (size > BOOTHEAP_SIZE || alignment > 4096)
		return NULL;
	do {
		/* The arena itself is aligned to nothing: its page would lie among those that are used. */
		at = round_up(arena + begin + sizeof(struct header), alignment) - arena;
		end = at + round_up(size ? size : 1, BOOTHEAP_ALIGNMENT);
		if (end > BOOTHEAP_SIZE)
			return NULL;
	} while (!atomic_compare_exchange_weak_explicit(&used, &begin, end, memory_order_relaxed,
							memory_order_relaxed));
	((struct header *)(void *)(bootheap_arena + at))[-1].size_and_flags =
		(end - at + sizeof(struct header)) | HEADER_IS_MMAPPED;
	return bootheap_arena + at;
}

size_t bootheap_usable_size(const void *block)
{
	const struct header *h = block;

	return (h[-1].size_and_flags & ~(size_t)7) - sizeof(struct header);
}
