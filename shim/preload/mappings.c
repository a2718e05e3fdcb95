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

enum {
	PAGE_SHIFT = 12,
	BITS = 9, /* of a page's number that each level looks at */
	ENTRIES = 1 << BITS,
	TOP = 4, /* the root's level: 5 * 9 + 12 bits of address */
	WORDS = ENTRIES / 64,
};
static_assert(1 << PAGE_SHIFT == MAPPINGS_PAGE, "a bit is a page");

/* The lowest level: a bit per page and state. Both are set only while a page is on its way to charged. */
struct leaf {
	_Atomic uint64_t charged[WORDS];
	_Atomic uint64_t reserved[WORDS];
};

/*
 * An entry is an enum mapping_state for all that lies below it, or the
 * address of a table or leaf, which stays for ever.
 */
struct table {
	_Atomic uint64_t entry[ENTRIES];
};

static struct table root;

enum operation { PREPARE, SET, COUNT, CHARGE_RESERVED, TAKE };

struct walk {
	enum operation operation;
	enum mapping_state state; /* to set or to count */
	size_t pages;		  /* that changed, or were counted */
	struct mapping_runs *runs;
	uintptr_t stopped_at; /* number of the first page that is not taken; 0: all are */
};

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

static void note_run(struct walk *w, uintptr_t page, size_t n, enum mapping_state was)
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

static int runs_in(uint64_t bits)
{
	return __builtin_popcountll(bits & ~(bits << 1));
}

/* Sets or clears bits. Return: those of them that were set before. */
static uint64_t mark(_Atomic uint64_t *word, uint64_t bits)
{
	if ((atomic_load_explicit(word, memory_order_relaxed) & bits) == bits)
		return bits;
	return atomic_fetch_or_explicit(word, bits, memory_order_relaxed) & bits;
}

static uint64_t clear(_Atomic uint64_t *word, uint64_t bits)
{
	if (!(atomic_load_explicit(word, memory_order_relaxed) & bits))
		return 0;
	return atomic_fetch_and_explicit(word, ~bits, memory_order_relaxed) & bits;
}

static void note_bits(struct walk *w, uintptr_t page, uint64_t bits, enum mapping_state was)
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

/* Takes the pages of one word; false if the runs have no room for them. */
static bool take_word(struct leaf *leaf, int i, uint64_t bits, uintptr_t page, struct walk *w)
{
	uint64_t charged = atomic_load_explicit(&leaf->charged[i], memory_order_relaxed) & bits;
	uint64_t reserved = atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & bits;

	if (w->runs->count + runs_in(charged) + runs_in(reserved) > MAPPINGS_RUNS)
		return false;
	/* Only what was seen, so that the room suffices whatever others do. */
	reserved = clear(&leaf->reserved[i], reserved);
	charged = clear(&leaf->charged[i], charged);
	note_bits(w, page, charged, MAPPING_CHARGED);
	note_bits(w, page, reserved & ~charged, MAPPING_RESERVED);
	return true;
}

static uint64_t set_word(struct leaf *leaf, int i, uint64_t bits, enum mapping_state state)
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

static uint64_t charge_word(struct leaf *leaf, int i, uint64_t bits)
{
	uint64_t reserved = atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & bits;
	uint64_t turned = reserved ? reserved & ~mark(&leaf->charged[i], reserved) : 0;

	clear(&leaf->reserved[i], reserved);
	return turned;
}

static uint64_t look_at_word(const struct leaf *leaf, int i, uint64_t bits, enum mapping_state state)
{
	uint64_t charged = atomic_load_explicit(&leaf->charged[i], memory_order_relaxed);

	if (state == MAPPING_CHARGED)
		return charged & bits;
	return atomic_load_explicit(&leaf->reserved[i], memory_order_relaxed) & ~charged & bits;
}

/* Pages first to last, numbered within the leaf, whose first has the number `base`. */
static bool walk_leaf(struct leaf *leaf, uintptr_t base, unsigned first, unsigned last, struct walk *w)
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
		w->pages += (size_t)__builtin_popcountll(seen);
	}
	return true;
}

/* Puts a table or leaf, all in the entry's state, in its place. Return: false without memory. */
static bool split(_Atomic uint64_t *entry, uint64_t state, int level)
{
	uint64_t *node = arena_alloc(level > 1 ? sizeof(struct table) : sizeof(struct leaf));

	if (!node)
		return false;
	if (level > 1)
		for (int i = 0; i < ENTRIES; i++)
			node[i] = state;
	else if (state != MAPPING_UNKNOWN)
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
		note_run(w, base, n, (enum mapping_state)state);
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
	size_t span = (size_t)1 << (BITS * level); /* pages below an entry */
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

static bool walk(uintptr_t begin, size_t bytes, struct walk *w)
{
	uintptr_t first = begin >> PAGE_SHIFT;
	uintptr_t last = first + (bytes >> PAGE_SHIFT) - 1;

	return walk_table(&root, TOP, 0, first, last, w);
}

/* Whether the processor has such addresses at all. */
static bool is_addressable(uintptr_t begin, size_t bytes)
{
	return begin + bytes - 1 <= ((uintptr_t)1 << (PAGE_SHIFT + BITS * (TOP + 1))) - 1;
}

int mappings_prepare(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	struct walk w = {.operation = PREPARE, .state = state};

	return is_addressable(begin, bytes) && walk(begin, bytes, &w) ? 0 : -ENOMEM;
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

	if (is_addressable(begin, bytes))
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
