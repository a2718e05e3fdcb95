/*
 * mappings.c - which pages of this process are charged; see mappings.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "mappings.h"

#include <assert.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "arena.h"
#include "mappings_leaf.h"

enum {
	BITS = 11, /* of a page's number that each table looks at */
	ENTRIES = 1 << BITS,
	TOP = 3, /* the root's level: 12 + 12 + 3 * 11 bits of address */
};
static_assert(sizeof(uint64_t) * ENTRIES <= ARENA_BLOCK_MAX, "a table is a block");

/*
 * An entry is an enum mapping_state for all that lies below it, or the
 * address of a table or leaf, which stays for ever.
 */
struct table {
	_Atomic uint64_t entry[ENTRIES];
};

static struct table root RL_SELDOM;

/* Whether no task was ever made to run in our memory but libc's threads. */
_Atomic bool mappings_are_libcs = true;

void mappings_expect_sharing(void)
{
	atomic_store_explicit(&mappings_are_libcs, false, memory_order_relaxed);
}

/* Of the number of pages below an entry. */
static int span_bits(int level)
{
	return LEAF_BITS + BITS * (level - 1);
}

static bool is_state(uint64_t entry)
{
	return entry <= MAPPING_CHARGED;
}

/* What is below an entry: a leaf on level 1, a table above. */
static void *below(uint64_t entry)
{
	return (void *)(uintptr_t)entry;
}

/* Whether a walk leaves pages of that state as they are. */
static bool is_unmoved(const struct walk *w, enum mapping_state state)
{
	switch (w->operation) {
	case PREPARE:
	case SET:
		return state == w->state;
	case CHARGE_RESERVED:
		return state != MAPPING_RESERVED;
	case TAKE:
		return state == MAPPING_UNKNOWN;
	default:
		return true;
	}
}

/* Counts n pages that were in that state before the walk came. */
static void note(struct walk *w, enum mapping_state was, size_t n)
{
	if ((w->operation == SET && was == MAPPING_CHARGED) || (w->operation == COUNT && was == w->state) ||
	    (w->operation == CHARGE_RESERVED && was == MAPPING_RESERVED))
		w->pages += n;
}

/* Puts a table or leaf, all in the entry's state, in its place. Return: false without memory. */
static bool split(_Atomic uint64_t *entry, uint64_t state, int level)
{
	uint64_t *node = arena_alloc(level > 1 ? sizeof(struct table) : sizeof(struct leaf));

	if (!node)
		return false;
	if (level > 1 && state != MAPPING_UNKNOWN)
		for (int i = 0; i < ENTRIES; i++)
			node[i] = state;
	if (level == 1 && state != MAPPING_UNKNOWN)
		for (int i = 0; i < WORDS; i++)
			node[(state == MAPPING_CHARGED ? 0 : WORDS) + i] = ~0ULL;
	/* If another was quicker its node serves as well, and this one is lost. */
	atomic_compare_exchange_strong_explicit(entry, &state, (uint64_t)(uintptr_t)node,
						memory_order_acq_rel, memory_order_acquire);
	return true;
}

/* An entry that one state fills and the range covers. Return: false if it changed, or there is no room. */
static bool walk_whole(_Atomic uint64_t *entry, uint64_t state, uintptr_t base, size_t n, struct walk *w)
{
	enum mapping_state becomes = w->operation == TAKE	       ? MAPPING_UNKNOWN
				     : w->operation == CHARGE_RESERVED ? MAPPING_CHARGED
								       : w->state;

	if (w->operation == TAKE && w->runs->count == MAPPINGS_RUNS) {
		w->stopped_at = base;
		return false;
	}
	if (!atomic_compare_exchange_strong_explicit(entry, &state, becomes, memory_order_relaxed,
						     memory_order_relaxed))
		return false;
	if (w->operation == TAKE)
		note_run(w->runs, base, n, (enum mapping_state)state);
	else
		note(w, (enum mapping_state)state, n);
	return true;
}

/*
 * Pages first to last, numbered within the table, whose first has the number
 * `base`. Return: false to stop, out of memory or of room for runs.
 */
static bool walk_table(struct table *table, int level, uintptr_t base, uintptr_t first, uintptr_t last,
		       struct walk *w)
{
	size_t span = (size_t)1 << span_bits(level);
	bool on = true;

	for (uintptr_t i = first / span; on && i <= last / span;) {
		_Atomic uint64_t *entry = &table->entry[i];
		uint64_t is = atomic_load_explicit(entry, memory_order_acquire);
		uintptr_t from = i == first / span ? first % span : 0;
		uintptr_t to = i == last / span ? last % span : span - 1;
		bool whole = from == 0 && to == span - 1;

		if (!is_state(is)) {
			on = level > 1
				     ? walk_table(below(is), level - 1, base + i * span, from, to, w)
				     : walk_leaf(below(is), base + i * span, (unsigned)from, (unsigned)to, w);
		} else if ((whole && w->operation == PREPARE) || is_unmoved(w, (enum mapping_state)is)) {
			note(w, (enum mapping_state)is, to - from + 1);
		} else if (!whole) {
			on = split(entry, is, level);
			continue;
		} else if (!walk_whole(entry, is, base + i * span, span, w)) {
			on = !w->stopped_at;
			continue;
		}
		i++;
	}
	return on;
}

/* A range in numbers of pages. */
struct span {
	uintptr_t first, last;
};

RL_INLINE struct span span_of(uintptr_t begin, size_t bytes)
{
	return (struct span){begin >> PAGE_SHIFT, (begin >> PAGE_SHIFT) + (bytes >> PAGE_SHIFT) - 1};
}

/* What lies below a table of that level where the page is: NULL if it is all in one state. */
RL_INLINE void *step_down(struct table *table, int level, uintptr_t page)
{
	uint64_t is = atomic_load_explicit(&table->entry[page >> span_bits(level) & (ENTRIES - 1)],
					   memory_order_acquire);

	return is_state(is) ? NULL : below(is);
}

/* The leaf in which all of the span lies, or NULL. Written out, because most calls come here and nowhere
 * else. */
RL_INLINE struct leaf *find_leaf(struct span s)
{
	struct table *table;

	static_assert(TOP == 3, "a step for each level");
	if (s.first >> LEAF_BITS != s.last >> LEAF_BITS)
		return NULL;
	table = step_down(&root, 3, s.first);
	if (table)
		table = step_down(table, 2, s.first);
	return table ? step_down(table, 1, s.first) : NULL;
}

/*
 * Inlined with a known operation, so that a range within a leaf, as most are,
 * costs one loop. For that *w must stay out of the memory that others see.
 */
RL_INLINE bool walk(uintptr_t begin, size_t bytes, struct walk *w)
{
	struct span s = span_of(begin, bytes);
	struct leaf *leaf = find_leaf(s);
	unsigned within = (1U << LEAF_BITS) - 1;
	struct walk seen;
	bool done;

	if (leaf)
		return walk_leaf(leaf, s.first & ~(uintptr_t)within, (unsigned)s.first & within,
				 (unsigned)s.last & within, w);
	seen = *w;
	done = walk_table(&root, TOP, 0, s.first, s.last, &seen);
	*w = seen;
	return done;
}

bool mappings_are_addressable(uintptr_t begin, size_t bytes)
{
	return begin + bytes - 1 <= ((uintptr_t)1 << (PAGE_SHIFT + LEAF_BITS + BITS * TOP)) - 1;
}

int mappings_prepare(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	struct walk w = {.operation = PREPARE, .state = state};

	return mappings_are_addressable(begin, bytes) && walk(begin, bytes, &w) ? 0 : -ENOMEM;
}

size_t mappings_set(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	struct walk w = {.operation = SET, .state = state};

	walk(begin, bytes, &w);
	return w.pages << PAGE_SHIFT;
}

size_t mappings_count(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	struct walk w = {.operation = COUNT, .state = state};

	if (mappings_are_addressable(begin, bytes))
		walk(begin, bytes, &w);
	return w.pages << PAGE_SHIFT;
}

size_t mappings_charge_reserved(uintptr_t begin, size_t bytes)
{
	struct walk w = {.operation = CHARGE_RESERVED};

	walk(begin, bytes, &w);
	return w.pages << PAGE_SHIFT;
}

uintptr_t mappings_take(uintptr_t begin, size_t bytes, struct mapping_runs *runs)
{
	struct walk w = {.operation = TAKE, .runs = runs};

	runs->charged = 0;
	runs->count = 0;
	if (walk(begin, bytes, &w) || !w.stopped_at)
		return begin + bytes;
	return w.stopped_at << PAGE_SHIFT;
}

void mappings_restore(const struct mapping_runs *runs)
{
	for (int i = 0; i < runs->count; i++)
		mappings_set(runs->run[i].begin, runs->run[i].bytes, runs->run[i].state);
}
