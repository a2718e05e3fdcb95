/*
 * heap.c - charges the blocks that the next allocator serves; see heap.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "heap.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "core/accounts.h"
#include "kept.h"
#include "real.h"

bool heap_reads_headers;
bool heap_is_bypassed;

/*
 * The most that a block may have beyond the n bytes asked for. glibc rounds up
 * to a page at most; others have size classes. Too much only costs a detour.
 */
static size_t most_slack(size_t n)
{
	return heap_reads_headers ? 4096 + 64 : n / 2 + 8192;
}

/*
 * glibc's layout is not a promise: it is believed only if libc itself serves,
 * and once the words before the program's own first blocks agree with what
 * malloc_usable_size() says. One that does not agree settles it for good.
 */
enum { SAMPLES_WANTED = 8 };
static _Atomic int samples_left;

bool heap_detect_headers(void)
{
	bool is_libc = real_is_libc_malloc();

	if (is_libc && real.malloc_usable_size)
		atomic_store_explicit(&samples_left, SAMPLES_WANTED, memory_order_relaxed);
	return is_libc;
}

static void compare_sample(const void *block, size_t size)
{
	size_t word;

	if (atomic_load_explicit(&samples_left, memory_order_relaxed) <= 0)
		return;
	word = heap_header(block);
	if (word & CHUNK_IS_MMAPPED)
		return;
	if ((word & ~(size_t)CHUNK_FLAGS) - CHUNK_OVERHEAD != size)
		atomic_store_explicit(&samples_left, 0, memory_order_relaxed);
	else if (atomic_fetch_sub_explicit(&samples_left, 1, memory_order_relaxed) == 1) {
		kept_learn();
		heap_reads_headers = true;
	}
}

size_t heap_size_slow(void *block)
{
	size_t size;

	if (bootheap_owns(block))
		return bootheap_usable_size(block);
	if (!real.malloc_usable_size)
		return 0;
	size = real.malloc_usable_size(block);
	if (RL_UNLIKELY(!heap_reads_headers))
		compare_sample(block, size);
	return size;
}

static bool is_limited(void)
{
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	if (a->limit[RL_MEM] != RL_UNLIMITED || a->limit[RL_MEM_GROWTH] != RL_UNLIMITED)
		return true;
	return false;
}

/* What no machine could grant is not refused in the name of a budget that nobody set. Return: false. */
static bool refuse(size_t n, struct hooked_call call)
{
	if (is_limited())
		member_note_denial(RL_MEM, call.name, n > RL_LIMIT_MAX ? RL_LIMIT_MAX : (int64_t)n,
				   call.caller);
	else
		member_note_kernel_refusal(call.name, ENOMEM);
	errno = ENOMEM;
	return false;
}

/* Whether n bytes could be charged now; they are not. */
static bool is_room_for(size_t n)
{
	struct cell *cell = member_is_guarded() ? member_cell() : NULL;

	/* Without a cell the charge itself decides, under the lock. */
	return !cell || cell_covers(cell, n) || !budget_prepare(cell, (int64_t)n);
}

bool heap_admit_slow(size_t n, struct hooked_call call)
{
	if (!member_is_guarded() || (n <= RL_LIMIT_MAX && is_room_for(n)))
		return true;
	return refuse(n, call);
}

/* What became of a charge: the block is the program's, or it never was. */
static void *grant_or_refuse(void *block, size_t size, int error, struct hooked_call call)
{
	if (!error)
		return block;
	real.free(block);
	refuse(size, call);
	return NULL;
}

/* From now on this thread's malloc and free need no help, if sizes can be read. */
static void attach(void)
{
	struct cell *cell = member_cell();

	if (cell && heap_reads_headers)
		thread_self.fast = cell;
}

void *heap_failed(struct hooked_call call)
{
	member_note_kernel_refusal(call.name, errno);
	return NULL;
}

void *heap_settle(void *block, struct hooked_call call)
{
	size_t size = heap_size(block);
	int error = 0;

	if (member_is_guarded())
		error = budget_settle_charge(thread_self.cell, (int64_t)size);
	return grant_or_refuse(block, size, error, call);
}

void *heap_charge_slow(void *block, struct hooked_call call)
{
	size_t size = heap_size(block);

	if (member_is_guarded())
		attach();
	return grant_or_refuse(block, size, budget_charge((int64_t)size), call);
}

void *heap_new(size_t n, struct hooked_call call)
{
	void *block;

	if (n > HEAP_SMALL && !heap_admit_slow(n, call))
		return NULL;
	block = real.malloc(n);
	return block ? heap_charge_slow(block, call) : heap_failed(call);
}

void heap_settle_refund(struct cell *cell)
{
	if (member_is_guarded())
		cells_settle_refund(member.ledger, member.slot, cell);
}

void heap_settle_free(void *block, struct cell *cell)
{
	heap_settle_refund(cell);
	real.free(block);
}

void heap_free_slow(void *block)
{
	size_t size;

	/* The boot heap's blocks were charged at start, and are never used again. */
	if (bootheap_owns(block))
		return;
	/* A thread that only frees is to find the fast path too. */
	if (member_is_guarded())
		attach();
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
 * real size is known while the old one is still whole. One charge decides: a
 * second one that is refused would have kept others from what it then returns.
 */
static void *resize_beside(void *block, size_t old_size, size_t n, struct hooked_call call)
{
	void *copy;

	/* The least that it must grow by, before anything is tried in vain. */
	if (n > old_size && !is_room_for(n - old_size)) {
		refuse(n, call);
		return NULL;
	}
	copy = real.malloc(n);
	if (!copy)
		return heap_failed(call);
	if (change((int64_t)heap_size(copy) - (int64_t)old_size)) {
		real.free(copy);
		refuse(n, call);
		return NULL;
	}
	memcpy(copy, block, old_size < n ? old_size : n);
	real.free(block);
	return copy;
}

void *heap_finish_resize(void *moved, size_t old_size, int64_t reserve)
{
	int64_t grown;

	if (!moved) {
		budget_return_unused(reserve);
		budget_land(reserve);
		return heap_failed((struct hooked_call){.name = "realloc"});
	}
	grown = (int64_t)heap_size(moved) - (int64_t)old_size;
	budget_return_unused(grown > 0 ? reserve - grown : reserve);
	budget_land(reserve);
	if (grown < 0)
		change(grown);
	return moved;
}

bool heap_settle_reserve(struct cell *cell, int64_t reserve)
{
	if (!member_is_guarded() || !budget_settle_charge(cell, reserve))
		return false;
	cell_land(cell, reserve);
	return true;
}

/* `reserve` covers whatever the block may become; what it did not become goes back. */
static void *resize_in_place(void *block, size_t old_size, size_t n, int64_t reserve)
{
	void *moved = real.realloc(block, n);

	/* realloc(block, 0) freed it; nothing was reserved for that. */
	if (!moved && !n) {
		change(-(int64_t)old_size);
		return NULL;
	}
	return heap_finish_resize(moved, old_size, reserve);
}

void *heap_resize(void *block, size_t n, struct hooked_call call)
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
	if (!n)
		return resize_in_place(block, old_size, n, 0);
	most = n + most_slack(n);
	reserve = most > old_size ? (int64_t)(most - old_size) : 0;
	if (!reserve || !budget_take_off(reserve))
		return resize_in_place(block, old_size, n, reserve);
	return resize_beside(block, old_size, n, call);
}
