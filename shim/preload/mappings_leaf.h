/*
 * mappings_leaf.h - the lowest level of the map: 4096 pages, a bit each for charged and for reserved.
 *
 * Owns:    struct leaf.
 * Called:  mappings.c alone; inline, so that each operation on a leaf is a loop of its own.
 * Context: as mappings.h.
 * Fork:    nothing, because every word is whole at any time.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_MAPPINGS_LEAF_H
#define RL_PRELOAD_MAPPINGS_LEAF_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "core/attrs.h"
#include "core/processor.h"
#include "mappings.h"

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#endif

enum {
	PAGE_SHIFT = 12,
	LEAF_BITS = 12,
	WORDS = (1 << LEAF_BITS) / 64,
};
static_assert(1 << PAGE_SHIFT == MAPPINGS_PAGE, "a bit is a page");

/* The lowest level: a bit per page and state. Both are set only while a page is on its way to charged. */
struct leaf {
	_Atomic uint64_t charged[WORDS];
	_Atomic uint64_t reserved[WORDS];
};

extern _Atomic bool mappings_are_libcs RL_HIDDEN;

/* Whether no other thread can change the map while the calling one does. */
RL_INLINE bool mappings_have_one_user(void)
{
#if __has_include(<sys/single_threaded.h>)
	return __libc_single_threaded && atomic_load_explicit(&mappings_are_libcs, memory_order_relaxed);
#else
	return false;
#endif
}

enum operation { PREPARE, SET, COUNT, CHARGE_RESERVED, TAKE };

struct walk {
	enum operation operation;
	enum mapping_state state; /* to set or to count */
	size_t pages;		  /* that changed, or were counted */
	struct mapping_runs *runs;
	uintptr_t stopped_at; /* number of the first page that is not taken; 0: all are */
};

static inline void note_run(struct mapping_runs *runs, uintptr_t page, size_t n, enum mapping_state was)
{
	struct mapping_run *last = runs->count ? &runs->run[runs->count - 1] : NULL;

	if (was == MAPPING_CHARGED)
		runs->charged += n << PAGE_SHIFT;
	if (last && last->state == was && last->begin + last->bytes == page << PAGE_SHIFT)
		last->bytes += n << PAGE_SHIFT;
	else
		runs->run[runs->count++] = (struct mapping_run){page << PAGE_SHIFT, n << PAGE_SHIFT, was};
}

/* The bits of those pages from `page` to `last` that share its word. */
RL_INLINE uint64_t bits_in_word(unsigned page, unsigned last)
{
	uint64_t bits = ~0ULL << page % 64;

	return page / 64 == last / 64 ? bits & ~0ULL >> (63 - last % 64) : bits;
}

RL_INLINE unsigned next_word(unsigned page)
{
	return (page | 63) + 1;
}

RL_INLINE int runs_in(uint64_t bits)
{
	/* Mostly there is one, and few processors are known to count bits by themselves. */
	if (!(bits & (bits + (bits & -bits))))
		return bits != 0;
	return __builtin_popcountll(bits & ~(bits << 1));
}

/*
 * Changes a word if it is still *was, which becomes what it is now. A change
 * that locks the word out of all other processors takes longer than all else
 * that is done for a word: in a process with one thread it does not. (A
 * handler that makes the second thread there and then is no concern: neither
 * mmap() nor pthread_create() may be called in a handler that interrupts
 * the other, and the time is one instruction.)
 */
RL_INLINE bool swap(_Atomic uint64_t *word, uint64_t *was, uint64_t becomes)
{
	if (RL_LIKELY(mappings_have_one_user()))
		return raw_swap_own(word, was, becomes);
	return atomic_compare_exchange_strong_explicit(word, was, becomes, memory_order_relaxed,
						       memory_order_relaxed);
}

/* Sets or clears bits. Return: those of them that were set before. */
RL_INLINE uint64_t mark(_Atomic uint64_t *word, uint64_t bits)
{
	uint64_t was = atomic_load_explicit(word, memory_order_relaxed);

	while ((was & bits) != bits && !swap(word, &was, was | bits))
		;
	return was & bits;
}

RL_INLINE uint64_t clear(_Atomic uint64_t *word, uint64_t bits)
{
	uint64_t was = atomic_load_explicit(word, memory_order_relaxed);

	while ((was & bits) && !swap(word, &was, was & ~bits))
		;
	return was & bits;
}

static inline void note_bits(struct mapping_runs *runs, uintptr_t page, uint64_t bits, enum mapping_state was)
{
	while (bits) {
		int first = __builtin_ctzll(bits);
		uint64_t rest = ~(bits >> first);
		int n = rest ? __builtin_ctzll(rest) : 64;

		if (n > 64 - first)
			n = 64 - first;
		note_run(runs, page + first, n, was);
		bits &= first + n == 64 ? 0 : ~0ULL << (first + n);
	}
}

/*
 * Takes pages from the first on as long as they are charged, which is what most calls find; what is on its
 * way to charged is left to take_word(). Return: the first page that is left.
 */
RL_INLINE unsigned take_charged(struct leaf *leaf, unsigned first, unsigned last)
{
	unsigned page = first;

	for (; page <= last; page = next_word(page)) {
		uint64_t bits = bits_in_word(page, last);
		uint64_t was = atomic_load_explicit(&leaf->charged[page / 64], memory_order_relaxed);

		if ((was & bits) != bits ||
		    (atomic_load_explicit(&leaf->reserved[page / 64], memory_order_relaxed) & bits) ||
		    !swap(&leaf->charged[page / 64], &was, was & ~bits))
			return page;
	}
	return last + 1;
}

/* Takes the pages of one word; false if the runs have no room for them. */
RL_INLINE bool take_word(struct leaf *leaf, int i, uint64_t bits, uintptr_t page, struct mapping_runs *runs)
{
	uint64_t charged = atomic_load_explicit(&leaf->charged[i], memory_order_relaxed) & bits;
	uint64_t reserved = atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & bits;

	if (!(charged | reserved))
		return true;
	if (runs->count + runs_in(charged) + runs_in(reserved) > MAPPINGS_RUNS)
		return false;
	/* Only what was seen, so that the room suffices whatever others do. */
	reserved = clear(&leaf->reserved[i], reserved);
	charged = clear(&leaf->charged[i], charged);
	note_bits(runs, page, charged, MAPPING_CHARGED);
	note_bits(runs, page, reserved & ~charged, MAPPING_RESERVED);
	return true;
}

RL_INLINE uint64_t set_word(struct leaf *leaf, int i, uint64_t bits, enum mapping_state state)
{
	uint64_t was;

	if (state == MAPPING_CHARGED) {
		was = mark(&leaf->charged[i], bits);
		clear(&leaf->reserved[i], bits);
		return was;
	}
	was = clear(&leaf->charged[i], bits);
	if (state == MAPPING_RESERVED)
		mark(&leaf->reserved[i], bits);
	else
		clear(&leaf->reserved[i], bits);
	return was;
}

RL_INLINE uint64_t charge_word(struct leaf *leaf, int i, uint64_t bits)
{
	uint64_t reserved = atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & bits;
	uint64_t turned = reserved ? reserved & ~mark(&leaf->charged[i], reserved) : 0;

	clear(&leaf->reserved[i], reserved);
	return turned;
}

RL_INLINE uint64_t look_at_word(const struct leaf *leaf, int i, uint64_t bits, enum mapping_state state)
{
	uint64_t charged = atomic_load_explicit(&leaf->charged[i], memory_order_relaxed);

	if (state == MAPPING_CHARGED)
		return charged & bits;
	return atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & ~charged & bits;
}

/* Pages first to last, numbered within the leaf, whose first has the number `base`. */
RL_INLINE bool walk_leaf(struct leaf *leaf, uintptr_t base, unsigned first, unsigned last, struct walk *w)
{
	if (w->operation == PREPARE)
		return true;
	if (w->operation == TAKE && w->runs->count < MAPPINGS_RUNS) {
		unsigned left = take_charged(leaf, first, last);

		if (left != first)
			note_run(w->runs, base + first, left - first, MAPPING_CHARGED);
		first = left;
	}
	for (unsigned page = first; page <= last; page = next_word(page)) {
		int i = (int)(page / 64);
		uint64_t bits = bits_in_word(page, last);
		uint64_t seen;

		if (w->operation == TAKE) {
			if (take_word(leaf, i, bits, base + page / 64 * 64, w->runs))
				continue;
			w->stopped_at = base + page;
			return false;
		}
		if (w->operation == SET)
			seen = set_word(leaf, i, bits, w->state);
		else if (w->operation == CHARGE_RESERVED)
			seen = charge_word(leaf, i, bits);
		else
			seen = look_at_word(leaf, i, bits, w->state);
		if (seen)
			w->pages += (size_t)__builtin_popcountll(seen);
	}
	return true;
}

#endif
