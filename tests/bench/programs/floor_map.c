/*
 * floor_map.c - the floor of mmap and munmap: a library that passes them on and, with RECORD 1, keeps the
 * least record of what is charged.
 *
 * That is a bit for each page of the address space, as a munmap may meet any part of any mapping, and a count
 * of bytes. The bits are atomic, because signal handlers and other threads map too.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/types.h>

#include "next.h"

enum { PAGE_SHIFT = 12, ADDRESS_BITS = 47, WORD = 64 };

static _Atomic uint64_t *charged;
static __thread int64_t bytes_charged;

DEFINE_NEXT(void *, mmap, (void *at, size_t len, int prot, int flags, int fd, off_t offset),
	    (at, len, prot, flags, fd, offset))
DEFINE_NEXT(int, munmap, (void *at, size_t len), (at, len))

__attribute__((constructor)) static void begin(void)
{
	size_t bytes = (size_t)1 << (ADDRESS_BITS - PAGE_SHIFT - 3);
	void *all = RECORD ? next_mmap(NULL, bytes, PROT_READ | PROT_WRITE,
				       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
			   : MAP_FAILED;

	if (all != MAP_FAILED)
		charged = all;
}

/* Turns the bits of a range on or off and counts those that changed. */
static void set(const void *at, size_t len, bool on)
{
	uintptr_t first = (uintptr_t)at >> PAGE_SHIFT;
	uintptr_t last = ((uintptr_t)at + len - 1) >> PAGE_SHIFT;
	int64_t changed = 0;

	for (uintptr_t i = first / WORD; i <= last / WORD; i++) {
		uint64_t bits = ~UINT64_C(0);

		if (i == first / WORD)
			bits &= ~UINT64_C(0) << first % WORD;
		if (i == last / WORD)
			bits &= ~UINT64_C(0) >> (WORD - 1 - last % WORD);
		if (on)
			changed += __builtin_popcountll(
				bits & ~atomic_fetch_or_explicit(&charged[i], bits, memory_order_relaxed));
		else
			changed -= __builtin_popcountll(
				bits & atomic_fetch_and_explicit(&charged[i], ~bits, memory_order_relaxed));
	}
	bytes_charged += changed * (1 << PAGE_SHIFT);
}

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	void *block = next_mmap(at, len, prot, flags, fd, offset);

	if (charged && block != MAP_FAILED)
		set(block, len, (prot & PROT_WRITE) && (flags & MAP_PRIVATE));
	return block;
}

void *mmap64(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	return mmap(at, len, prot, flags, fd, offset);
}

int munmap(void *at, size_t len)
{
	/* Before the call: afterwards another thread may have the place. */
	if (charged)
		set(at, len, false);
	return next_munmap(at, len);
}
