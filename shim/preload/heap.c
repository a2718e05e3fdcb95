/*
 * heap.c - charges the blocks that the next allocator serves; see heap.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "heap.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "real.h"

bool heap_reads_headers;

/*
 * The most that a block may have beyond the n bytes asked for. glibc rounds up
 * to a page at most; others have size classes. Too much only costs a detour.
 */
static size_t most_slack(size_t n)
{
	return heap_reads_headers ? 4096 + 64 : n / 2 + 8192;
}

size_t heap_size_slow(void *block)
{
	if (bootheap_owns(block))
		return bootheap_usable_size(block);
	return real.malloc_usable_size ? real.malloc_usable_size(block) : 0;
}

static bool refuse(size_t n, struct heap_call call)
{
	member_note_denial(RL_MEM, call.name, n > RL_LIMIT_MAX ? RL_LIMIT_MAX : (int64_t)n, call.caller);
	errno = ENOMEM;
	return false;
}

bool heap_admit_slow(size_t n, struct heap_call call)
{
	struct cell *cell;

	if (!member_is_guarded())
		return true;
	if (n > RL_LIMIT_MAX)
		return refuse(n, call);
	cell = member_cell();
	/* Without a cell the charge itself decides, under the lock. */
	if (!cell || cell_covers(cell, n) || !cells_prepare(member.ledger, member.slot, cell, (int64_t)n))
		return true;
	return refuse(n, call);
}

/* What became of a charge: the block is the program's, or it never was. */
static void *grant_or_refuse(void *block, size_t size, int error, struct heap_call call)
{
	if (!error)
		return block;
	real.free(block);
	refuse(size, call);
	return NULL;
}

void *heap_settle(void *block, struct heap_call call)
{
	size_t size = heap_size(block);
	int error = cells_settle_charge(member.ledger, member.slot, thread_self.cell, (int64_t)size);

	return grant_or_refuse(block, size, error, call);
}

void *heap_charge_slow(void *block, struct heap_call call)
{
	struct cell *cell = thread_self.cell;
	size_t size = heap_size(block);

	if (member.phase == PHASE_BOOT)
		atomic_fetch_add_explicit(&member.boot_bytes, (int64_t)size, memory_order_relaxed);
	if (!member_is_guarded())
		return block;
	if (!cell)
		return grant_or_refuse(block, size,
				       cells_charge_direct(member.ledger, member.slot, (int64_t)size), call);
	return cell_charge(cell, (int64_t)size) ? block : heap_settle(block, call);
}

void *heap_new(size_t n, struct heap_call call)
{
	struct cell *cell = thread_self.cell;
	void *block;

	if (!(cell && cell_covers(cell, n)) && !heap_admit_slow(n, call))
		return NULL;
	block = real.malloc(n);
	return block ? heap_charge_slow(block, call) : NULL;
}

void heap_free_slow(void *block)
{
	size_t size;

	/* The boot heap's blocks were charged at start, and are never used again. */
	if (bootheap_owns(block))
		return;
	size = heap_size(block);
	real.free(block);
	budget_refund(size);
}

/* Charges or returns a difference. Return: 0 or -ENOMEM. */
static int change(int64_t n)
{
	if (n > 0)
		return budget_charge(n);
	budget_refund((size_t)-n);
	return 0;
}

/*
 * Near the limit: the new block is asked for beside the old one, so that its
 * real size is known while the old one is still whole.
 */
static void *resize_beside(void *block, size_t old_size, size_t n, struct heap_call call)
{
	void *copy = real.malloc(n);

	if (!copy)
		return NULL;
	if (change((int64_t)heap_size(copy) - (int64_t)old_size)) {
		real.free(copy);
		refuse(n, call);
		return NULL;
	}
	memcpy(copy, block, old_size < n ? old_size : n);
	real.free(block);
	return copy;
}

/* `reserve` covers whatever the block may become; what it did not become goes back. */
static void *resize_in_place(void *block, size_t old_size, size_t n, int64_t reserve)
{
	void *moved = real.realloc(block, n);
	int64_t grown;

	if (!moved && n) {
		budget_return_unused(reserve);
		return NULL;
	}
	grown = (moved ? (int64_t)heap_size(moved) : 0) - (int64_t)old_size;
	budget_return_unused(grown > 0 ? reserve - grown : reserve);
	if (grown < 0)
		change(grown);
	return moved;
}

void *heap_resize(void *block, size_t n, struct heap_call call)
{
	size_t old_size = heap_size(block);
	size_t most;
	int64_t reserve;

	if (n > RL_LIMIT_MAX) {
		if (member_is_guarded())
			refuse(n, call);
		else
			errno = ENOMEM;
		return NULL;
	}
	most = n + most_slack(n);
	reserve = most > old_size ? (int64_t)(most - old_size) : 0;
	if (!reserve || !change(reserve))
		return resize_in_place(block, old_size, n, reserve);
	return resize_beside(block, old_size, n, call);
}

/*
 * glibc's layout is not a promise: it is believed only if libc itself serves
 * and the words agree with what malloc_usable_size() says. Blocks with a
 * mapping of their own are always asked for, so none is made here.
 */
void heap_detect_headers(void)
{
	static const size_t sizes[] = {1, 24, 25, 1000};
	bool agree = real.malloc_usable_size && real_is_libc_malloc();

	for (size_t i = 0; agree && i < RL_ARRAY_LEN(sizes); i++) {
		void *block = real.malloc(sizes[i]);

		if (!block)
			return;
		agree = !(heap_header(block) & CHUNK_IS_MMAPPED) &&
			(heap_header(block) & ~(size_t)CHUNK_FLAGS) - CHUNK_OVERHEAD ==
				real.malloc_usable_size(block);
		real.free(block);
	}
	heap_reads_headers = agree;
}
