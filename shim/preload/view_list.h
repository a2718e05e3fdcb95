/*
 * view_list.h - the mappings of shared objects, as a table.
 *
 * Owns:    the table.
 * Called:  shared_objects alone, under the ledger's lock but for view_list_is_any() and view_list_is_in().
 * Context: as shared_objects.h.
 * Fork:    as shared_objects.h: a table that was copied in the middle of a
 *          change is whole, but for a view that may be missing or there twice.
 *
 * It is searched from one end to the other, and those who map and unmap
 * private memory search it too while there is a view: so it has an end. Views
 * for which it has no room are not noted: all their pages are charged.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_VIEW_LIST_H
#define RL_PRELOAD_VIEW_LIST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A mapping of a part of an object, or what is left of one. */
struct shared_view {
	uint64_t object; /* 0: none */
	uint64_t offset; /* in the object */
	uintptr_t begin;
	size_t bytes;
};

enum {
	VIEWS_MAX = 1024,
	VIEWS_FOR_PARTS = 256, /* of those kept for what is left when a hole is made in one */
};

/* A view, or free: begin is 0. Written under the ledger's lock; the addresses are read without it, too. */
struct note {
	_Atomic uintptr_t begin;
	_Atomic size_t bytes;
	uint64_t object, offset;
};

extern struct note view_list[VIEWS_MAX];

/* Behind the last that is used. Written under the ledger's lock, when that one is whole, or free. */
extern _Atomic uint32_t view_list_end;

/* What follows is done for each note, used or free, that is there at first. */
#define FOR_EACH_NOTE(n)                                                                                     \
	for (struct note *n = view_list,                                                                     \
			 *end_of_notes = n + atomic_load_explicit(&view_list_end, memory_order_acquire);     \
	     n < end_of_notes; n++)

static inline uintptr_t note_begin(const struct note *n)
{
	return atomic_load_explicit(&n->begin, memory_order_relaxed);
}

static inline uintptr_t note_end(const struct note *n)
{
	return note_begin(n) + atomic_load_explicit(&n->bytes, memory_order_relaxed);
}

static inline struct shared_view note_view(const struct note *n)
{
	return (struct shared_view){n->object, n->offset, note_begin(n), note_end(n) - note_begin(n)};
}

static inline bool note_is_in(const struct note *n, uintptr_t begin, uintptr_t end)
{
	uintptr_t at = note_begin(n);

	return at && at < end && begin < note_end(n);
}

/* What a view shows between two places of its object. Return: false if nothing. */
bool note_shows(const struct note *n, uint64_t object, uint64_t from, uint64_t to, struct shared_view *part);

static inline bool view_list_is_any(void)
{
	return atomic_load_explicit(&view_list_end, memory_order_relaxed) > 0;
}

/* Whether any view has a page between those addresses; without the lock "yes" may also mean that the table
 * changed meanwhile. */
bool view_list_is_in(uintptr_t begin, uintptr_t end);

/* Whether another view can be noted that is not the part of one. */
bool view_list_has_room(void);

/* Notes a view, in one with those that it goes on from and that go on from it. Return: false without room. */
bool view_list_add(struct shared_view view);

/* Makes several views of those that lie across the ends of a range. */
void view_list_split_around(uintptr_t begin, uintptr_t end);

/* Forgets all that have a page in the range. */
void view_list_forget(uintptr_t begin, uintptr_t end);

#endif
