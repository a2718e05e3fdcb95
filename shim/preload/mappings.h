/*
 * mappings.h - which pages of this process are charged to the byte budget.
 *
 * Owns:    a radix tree with one state per page, in memory of its own.
 * Called:  ranges, interpose_map, interpose_remap, interpose_segment, interpose_clone.
 * Context: any thread, async-signal-safe, fork child, vfork child; no lock, so
 *          a handler may interrupt any function here, call it again, and even
 *          jump out of it; leaves errno alone.
 * Fork:    nothing, because every word is whole at any time: the child's copy
 *          says which of the pages that it inherits its parent was charged for.
 *
 * The tree looks like the processor's page tables: five levels of 512 entries,
 * the last of one bit per page. An entry that one state fills needs nothing
 * below it, so 8 GiB of reserved addresses are eight words. Each change
 * is an atomic one, and what it changed is counted from the value that it
 * replaced: whoever clears a page's mark is told so, and nobody else. So the
 * sum of the changes is exact whatever runs at the same time, and two threads
 * disagree only over ranges that they map and unmap under each other's feet.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_MAPPINGS_H
#define RL_PRELOAD_MAPPINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MAPPINGS_PAGE = 4096,
	MAPPINGS_RUNS = 64,
};

enum mapping_state {
	MAPPING_UNKNOWN,  /* not ours to count: nothing there, a shared file, older than the guard, libc's own
			   */
	MAPPING_RESERVED, /* private and not yet writable: charged when it becomes so */
	MAPPING_CHARGED,
};

struct mapping_run {
	uintptr_t begin;
	size_t bytes;
	enum mapping_state state;
};

/* What mappings_take() removed. */
struct mapping_runs {
	size_t charged; /* bytes */
	int count;
	struct mapping_run run[MAPPINGS_RUNS];
};

/* Whether the processor has such addresses at all: the kernel refuses all others. */
bool mappings_are_addressable(uintptr_t begin, size_t bytes);

/*
 * All ranges are whole pages, not empty, and do not wrap around.
 */

/* Before the first task is made that runs in our memory beside this one, and is none of libc's threads. */
void mappings_expect_sharing(void);

/* Sees to it that turning all pages of exactly this range into that state needs no memory. Return: 0 or
 * -ENOMEM. */
int mappings_prepare(uintptr_t begin, size_t bytes, enum mapping_state state);

/* Gives all pages one state. The range is prepared. Return: bytes that were charged before. */
size_t mappings_set(uintptr_t begin, size_t bytes, enum mapping_state state);

/* Return: bytes of the range in that state. */
size_t mappings_count(uintptr_t begin, size_t bytes, enum mapping_state state);

/* Turns reserved pages into charged ones. The range is prepared. Return: bytes that were turned. */
size_t mappings_charge_reserved(uintptr_t begin, size_t bytes);

/*
 * Makes pages unknown and notes what they were, as far as *runs has room: the
 * rest is for the next call. The range is prepared.
 * Return: the address after the last page that was taken.
 */
uintptr_t mappings_take(uintptr_t begin, size_t bytes, struct mapping_runs *runs);

/* Puts back what mappings_take() took. */
void mappings_restore(const struct mapping_runs *runs);

#endif
