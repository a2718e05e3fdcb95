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
#include "mappings.h"

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

enum operation { PREPARE, SET, COUNT, CHARGE_RESERVED, TAKE };

struct walk {
	enum operation operation;
	enum mapping_state state; /* to set or to count */
	size_t pages;		  /* that changed, or were counted */
	struct mapping_runs *runs;
	uintptr_t stopped_at; /* number of the first page that is not taken; 0: all are */
};

static inline void note_run(struct walk *w, uintptr_t page, size_t n, enum mapping_state was)
{
	struct mapping_runs *runs = w->runs;
	struct mapping_run *last = runs->count ? &runs->run[runs->count - 1] : NULL;

	if (was == MAPPING_CHARGED)
		runs->charged += n << PAGE_SHIFT;
	if (last && last->state == was && last->begin + last->bytes == page << PAGE_SHIFT)
		last->bytes += n << PAGE_SHIFT;
	else
		runs->run[runs->count++] = (struct mapping_run){page << PAGE_SHIFT, n << PAGE_SHIFT, was};
}

RL_INLINE int runs_in(uint64_t bits)
{
	/* Mostly there is one, and few processors are known to count bits by themselves. */
	if (!(bits & (bits + (bits & -bits))))
		return bits != 0;
	return __builtin_popcountll(bits & ~(bits << 1));
}

/* Sets or clears bits. Return: those of them that were set before. */
RL_INLINE uint64_t mark(_Atomic uint64_t *word, uint64_t bits)
{
	if ((atomic_load_explicit(word, memory_order_relaxed) & bits) == bits)
		return bits;
	return atomic_fetch_or_explicit(word, bits, memory_order_relaxed) & bits;
}

RL_INLINE uint64_t clear(_Atomic uint64_t *word, uint64_t bits)
{
	if (!(atomic_load_explicit(word, memory_order_relaxed) & bits))
		return 0;
	return atomic_fetch_and_explicit(word, ~bits, memory_order_relaxed) & bits;
}

static inline void note_bits(struct walk *w, uintptr_t page, uint64_t bits, enum mapping_state was)
{
	while (bits) {
		int first = __builtin_ctzll(bits);
		uint64_t rest = ~(bits >> first);
		int n = rest ? __builtin_ctzll(rest) : 64;

		if (n > 64 - first)
			n = 64 - first;
		note_run(w, page + first, n, was);
		bits &= first + n == 64 ? 0 : ~0ULL << (first + n);
	}
}

/* Takes a stretch of pages that are all charged, which is what most calls find. Return: false if it was not
 * so. */
RL_INLINE bool take_charged(_Atomic uint64_t *word, uint64_t bits, uintptr_t page, struct walk *w)
{
	int first = __builtin_ctzll(bits);
	uint64_t was = bits;

	if (w->runs->count == MAPPINGS_RUNS ||
	    !atomic_compare_exchange_strong_explicit(word, &was, 0, memory_order_relaxed,
						     memory_order_relaxed))
		return false;
	note_run(w, page + first, 64 - __builtin_clzll(bits) - first, MAPPING_CHARGED);
	return true;
}

/* Takes the pages of one word; false if the runs have no room for them. */
RL_INLINE bool take_word(struct leaf *leaf, int i, uint64_t bits, uintptr_t page, struct walk *w)
{
	uint64_t charged = atomic_load_explicit(&leaf->charged[i], memory_order_relaxed) & bits;
	uint64_t reserved = atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & bits;

	if (!(charged | reserved) ||
	    (charged == bits && !reserved && take_charged(&leaf->charged[i], bits, page, w)))
		return true;
	if (w->runs->count + runs_in(charged) + runs_in(reserved) > MAPPINGS_RUNS)
		return false;
	/* Only what was seen, so that the room suffices whatever others do. */
	reserved = clear(&leaf->reserved[i], reserved);
	charged = clear(&leaf->charged[i], charged);
	note_bits(w, page, charged, MAPPING_CHARGED);
	note_bits(w, page, reserved & ~charged, MAPPING_RESERVED);
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
	uint64_t seen = 0;

	if (w->operation == PREPARE)
		return true;
	for (unsigned i = first / 64; i <= last / 64; i++) {
		uint64_t bits = ~0ULL;

		if (i == first / 64)
			bits &= ~0ULL << (first % 64);
		if (i == last / 64)
			bits &= ~0ULL >> (63 - last % 64);
		if (w->operation == TAKE) {
			if (take_word(leaf, (int)i, bits, base + i * 64, w))
				continue;
			w->stopped_at = base + (i == first / 64 ? first : i * 64);
			return false;
		}
		if (w->operation == SET)
			seen = set_word(leaf, (int)i, bits, w->state);
		else if (w->operation == CHARGE_RESERVED)
			seen = charge_word(leaf, (int)i, bits);
		else
			seen = look_at_word(leaf, (int)i, bits, w->state);
		if (seen)
			w->pages += (size_t)__builtin_popcountll(seen);
	}
	return true;
}

#endif
