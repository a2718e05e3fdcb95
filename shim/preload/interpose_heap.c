/*
 * interpose_heap.c - malloc and its kin.
 *
 * Owns:    nothing.
 * Called:  by the program, its libraries, libc itself (malloc, calloc, realloc
 *          and free only) and ld.so, before the constructor and after the
 *          destructor, inside atfork handlers, with any lock of theirs held.
 * Context: any thread; no lock of ours on the fast path; errno changes only to
 *          ENOMEM on a refusal, and posix_memalign leaves even that alone.
 * Fork:    a child of fork() charges its own slot (member.c); a vfork child
 *          charges its parent, whose memory it uses.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>

#include "core/attrs.h"
#include "heap.h"
#include "kept.h"
#include "real.h"

/* A request while a block is kept, which may be of its size. */
static RL_HOT __attribute__((noinline)) void *malloc_kept(size_t size, struct hooked_call call)
{
	struct cell *cell = thread_self.fast;
	size_t chunk = thread_self.kept;
	void *block = thread_self.latest;

	if (RL_UNLIKELY(chunk != kept_chunk_for(size) || !cell || !cell_covers(cell, chunk))) {
		kept_give_back();
		return heap_new(size, call);
	}
	/* From here a handler's malloc() would have a block of its own, and make that the latest. */
	thread_self.kept = 0;
	if (RL_LIKELY(cell_charge(cell, (int64_t)(chunk - CHUNK_OVERHEAD))))
		return block;
	return heap_settle(block, call);
}

RL_EXPORT RL_HOT void *malloc(size_t size)
{
	void *block;

	if (RL_UNLIKELY(!heap_admit(size, "malloc")))
		return NULL;
	if (thread_self.kept)
		return malloc_kept(size, HOOKED_CALL("malloc"));
	block = real.malloc(size);
	thread_self.latest = block;
	return heap_charge(block, "malloc");
}

RL_ALIAS(malloc) extern void *heap_malloc(size_t size) RL_HIDDEN;

RL_EXPORT RL_HOT void *calloc(size_t count, size_t size)
{
	size_t bytes;

	/* The real one knows what an overflow means. */
	if (RL_UNLIKELY(__builtin_mul_overflow(count, size, &bytes)))
		return real.calloc(count, size);
	if (RL_UNLIKELY(!heap_admit(bytes, "calloc")))
		return NULL;
	return heap_charge(real.calloc(count, size), "calloc");
}

/*
 * The bytes are the program's until it calls, so they may go back before the
 * block does; and the real free() is then a jump: there is nothing to save for later.
 */
RL_EXPORT RL_HOT void free(void *block)
{
	struct cell *cell = thread_self.fast;
	size_t size;

	if (RL_UNLIKELY(!block))
		return;
	/* Blocks of the boot heap look mapped, so they take the slow way too. */
	if (RL_UNLIKELY(!cell) || RL_UNLIKELY(heap_header(block) & CHUNK_IS_MMAPPED)) {
		heap_free_slow(block);
		return;
	}
	size = heap_size_at_hand(block);
	if (RL_UNLIKELY(!cell_refund(cell, (int64_t)size))) {
		heap_settle_free(block, cell);
		return;
	}
	if (kept_takes(block, size + CHUNK_OVERHEAD))
		return;
	real.free(block);
}

/* A block of the boot heap moves to the real one; the old one is never used again. */
static void *move_from_bootheap(void *block, size_t size)
{
	size_t old_size = bootheap_usable_size(block);
	void *copy = malloc(size);

	if (copy)
		memcpy(copy, block, old_size < size ? old_size : size);
	return copy;
}

static void *resize(void *block, size_t size, struct hooked_call call)
{
	if (!block)
		return heap_new(size, call);
	if (RL_UNLIKELY(bootheap_owns(block)))
		return move_from_bootheap(block, size);
	return heap_resize(block, size, call);
}

/* The rare endings of realloc(): each is a tail call, so that the common way has little to save. */
static RL_COLD void *resize_settling(void *block, size_t size, size_t old_size, int64_t reserve,
				     struct hooked_call call)
{
	if (heap_settle_reserve(thread_self.cell, reserve))
		return resize(block, size, call);
	return heap_finish_resize(real.realloc(block, size), old_size, reserve);
}

static RL_COLD void *settle_unused(void *moved, struct cell *cell, int64_t reserve)
{
	heap_settle_refund(cell);
	cell_land(cell, reserve);
	return moved;
}

/*
 * A block that stays small: what it can grow by is charged before, what it did
 * not grow by is returned after. Whatever is not plain goes the long way. Sizes
 * are those of chunks, their headers included: one number less to keep.
 */
RL_EXPORT RL_HOT void *realloc(void *block, size_t size)
{
	struct cell *cell = thread_self.fast;
	size_t old, most = size + HEAP_ROUNDING + CHUNK_OVERHEAD;
	int64_t reserve, unused;
	void *moved;

	if (RL_UNLIKELY(!cell || !block || size - 1 >= HEAP_SMALL || (heap_header(block) & CHUNK_IS_MMAPPED)))
		return resize(block, size, HOOKED_CALL("realloc"));
	old = heap_chunk_at_hand(block);
	if (RL_UNLIKELY(most < old))
		most = old;
	reserve = (int64_t)(most - old);
	if (RL_UNLIKELY(!cell_covers(cell, (size_t)reserve)))
		return resize(block, size, HOOKED_CALL("realloc"));
	cell_take_off(cell, reserve);
	if (RL_UNLIKELY(!cell_charge(cell, reserve)))
		return resize_settling(block, size, old - CHUNK_OVERHEAD, reserve, HOOKED_CALL("realloc"));
	moved = real.realloc(block, size);
	if (RL_UNLIKELY(!moved || (heap_header(moved) & CHUNK_IS_MMAPPED)))
		return heap_finish_resize(moved, old - CHUNK_OVERHEAD, reserve);
	unused = (int64_t)(most - heap_chunk_at_hand(moved));
	if (RL_UNLIKELY(unused > reserve))
		return heap_finish_resize(moved, old - CHUNK_OVERHEAD, reserve);
	if (RL_UNLIKELY(!cell_return_unused(cell, unused)))
		return settle_unused(moved, cell, reserve);
	cell_land(cell, reserve);
	return moved;
}

RL_EXPORT void *reallocarray(void *block, size_t count, size_t size)
{
	size_t bytes;

	real_ensure();
	/* libc's own calls whichever realloc the program has. */
	if (heap_is_bypassed)
		return real.reallocarray(block, count, size);
	if (__builtin_mul_overflow(count, size, &bytes)) {
		errno = ENOMEM;
		return NULL;
	}
	return resize(block, bytes, HOOKED_CALL("reallocarray"));
}

RL_EXPORT void cfree(void *block)
{
	free(block);
}

RL_EXPORT void free_sized(void *block, size_t size)
{
	(void)size;
	free(block);
}

RL_EXPORT void free_aligned_sized(void *block, size_t alignment, size_t size)
{
	(void)alignment;
	(void)size;
	free(block);
}

RL_EXPORT void *aligned_alloc(size_t alignment, size_t size)
{
	if (!heap_admit(size, "aligned_alloc"))
		return NULL;
	return heap_charge(real.aligned_alloc(alignment, size), "aligned_alloc");
}

RL_EXPORT void *memalign(size_t alignment, size_t size)
{
	if (!heap_admit(size, "memalign"))
		return NULL;
	return heap_charge(real.memalign(alignment, size), "memalign");
}

RL_EXPORT int posix_memalign(void **block, size_t alignment, size_t size)
{
	int saved = errno;
	void *got = NULL;
	int error;

	if (!heap_admit(size, "posix_memalign")) {
		errno = saved;
		return ENOMEM;
	}
	error = real.posix_memalign(&got, alignment, size);
	if (error)
		return error;
	if (!heap_charge(got, "posix_memalign")) {
		errno = saved;
		return ENOMEM;
	}
	*block = got;
	return 0;
}

RL_EXPORT void *valloc(size_t size)
{
	if (!heap_admit(size, "valloc"))
		return NULL;
	return heap_charge(real.valloc(size), "valloc");
}

RL_EXPORT void *pvalloc(size_t size)
{
	if (!heap_admit(size, "pvalloc"))
		return NULL;
	return heap_charge(real.pvalloc(size), "pvalloc");
}
