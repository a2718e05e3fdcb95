/*
 * heap.h - charges the blocks that the next allocator serves.
 *
 * Owns:    how a block's size is read.
 * Called:  interpose_heap, on every allocation.
 * Context: as malloc: any thread; a signal handler that interrupts it finds
 *          every counter in order. Leaves errno alone except to refuse.
 * Fork:    nothing, because the ledger and member.c carry all state.
 *
 * Three parts, in this order: heap_admit() sees that there is credit, the real
 * function is called, heap_charge() charges the size that the block really has.
 * Between them the credit may be taken back by another thread, and none is
 * drawn where only a spike above MEM has room for the block; the charge then
 * draws again, and if that fails the block goes back before anybody saw it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_HEAP_H
#define RL_PRELOAD_HEAP_H

#include "bootheap.h"
#include "budget.h"
#include "core/cells.h"
#include "member.h"

/* Whether a block's size stands in the word before it, as in glibc; set once at start. */
extern bool heap_reads_headers RL_HIDDEN;

/* Whether the program calls another malloc than ours: blocks that reach us then may be its own. */
extern bool heap_is_bypassed RL_HIDDEN;

/* Our malloc by a name of our own: what `malloc` means here may be the program's. */
extern void *heap_malloc(size_t size) RL_HIDDEN;

/* glibc keeps flags in the low bits of that word. */
enum { CHUNK_FLAGS = 7, CHUNK_IS_MMAPPED = 2, CHUNK_OVERHEAD = sizeof(size_t) };

size_t heap_size_slow(void *block);
bool heap_admit_slow(size_t n, struct hooked_call call);
/* Charges a block, or finishes a charge that the fast path began. Return: the block, or NULL with ENOMEM. */
void *heap_charge_slow(void *block, struct hooked_call call);
void *heap_settle(void *block, struct hooked_call call);

void heap_free_slow(void *block);
/* Finishes a refund that the fast path began; the second then frees the block. */
void heap_settle_refund(struct cell *cell);
void heap_settle_free(void *block, struct cell *cell);

/*
 * Begins to check, on the program's own first blocks, whether heap_reads_headers
 * can be set. Return: false if another allocator than libc's serves.
 */
bool heap_detect_headers(void);

/* The word before a block; by address, because to the compiler it is out of bounds. */
RL_INLINE size_t heap_header(const void *block)
{
	return *(const size_t *)((uintptr_t)block - sizeof(size_t));
}

/* Whether a block's usable size can be read without asking its allocator. */
RL_INLINE bool heap_size_is_at_hand(const void *block)
{
	return RL_LIKELY(heap_reads_headers) && RL_LIKELY(!(heap_header(block) & CHUNK_IS_MMAPPED));
}

RL_INLINE size_t heap_chunk_at_hand(const void *block)
{
	return heap_header(block) & ~(size_t)CHUNK_FLAGS;
}

RL_INLINE size_t heap_size_at_hand(const void *block)
{
	return heap_chunk_at_hand(block) - CHUNK_OVERHEAD;
}

/* The usable size of a live block. */
RL_INLINE size_t heap_size(void *block)
{
	return heap_size_is_at_hand(block) ? heap_size_at_hand(block) : heap_size_slow(block);
}

/*
 * Requests up to this are made first and charged then: a refusal gives the
 * block back before anybody saw it. Larger ones must not be tried in vain.
 */
enum { HEAP_SMALL = 32 << 10 };

/* Whether a request for n bytes may go on; false with ENOMEM in errno. */
RL_INLINE bool heap_admit(size_t n, const char *name)
{
	return RL_LIKELY(n <= HEAP_SMALL) || heap_admit_slow(n, HOOKED_CALL(name));
}

/* The allocator had nothing to give, whatever the budget says. Return: NULL. */
void *heap_failed(struct hooked_call call) RL_COLD;

/*
 * Charges a new block, which may be NULL. Every way but the first ends in a
 * tail call, so that the fast one has nothing to save.
 * Return: the block, or NULL with ENOMEM.
 */
RL_INLINE void *heap_charge(void *block, const char *name)
{
	struct cell *cell = thread_self.fast;
	size_t size;

	if (RL_UNLIKELY(!block))
		return heap_failed(HOOKED_CALL(name));
	if (RL_UNLIKELY(!cell) || RL_UNLIKELY(heap_header(block) & CHUNK_IS_MMAPPED))
		return heap_charge_slow(block, HOOKED_CALL(name));
	size = heap_size_at_hand(block);
	if (RL_UNLIKELY(!cell_covers(cell, size)))
		return heap_charge_slow(block, HOOKED_CALL(name));
	if (RL_LIKELY(cell_charge(cell, (int64_t)size)))
		return block;
	return heap_settle(block, HOOKED_CALL(name));
}

/* A block for realloc(NULL, n). */
void *heap_new(size_t n, struct hooked_call call);

/* What glibc may add to a small request: its header, its alignment, a rest too small to split. */
enum { HEAP_ROUNDING = 64 };

/* The rare endings of realloc's fast path. Return of the second: whether the reservation was refused. */
void *heap_finish_resize(void *moved, size_t old_size, int64_t reserve);
bool heap_settle_reserve(struct cell *cell, int64_t reserve);

/* realloc's own three parts: it must not touch the old block before it is sure. */
void *heap_resize(void *block, size_t n, struct hooked_call call);

#endif
