/*
 * view_list.h - the mappings of shared objects, as a list.
 *
 * Owns:    the list.
 * Called:  shared_objects alone, under the ledger's lock but for view_list_is_in().
 * Context: as shared_objects.h.
 * Fork:    as shared_objects.h.
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

enum { NOTES = 46 };

/* A view, or free: begin is 0. Written under the ledger's lock; who looks without it looks again with it. */
struct note {
	_Atomic uintptr_t begin;
	_Atomic size_t bytes;
	uint64_t object, offset;
};

/* A list that only grows at its end. */
struct notes {
	_Atomic(struct notes *) next;
	struct note note[NOTES];
};

extern struct notes view_list;
extern _Atomic bool view_list_in_use; /* set before the first note is made; never cleared */

/* What follows is done for each note, used or free. */
#define FOR_EACH_NOTE(n)                                                                                     \
	for (struct notes *list = &view_list; list;                                                          \
	     list = atomic_load_explicit(&list->next, memory_order_acquire))                                 \
		for (struct note *n = list->note; n < list->note + NOTES; n++)

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
	return note_begin(n) && note_begin(n) < end && begin < note_end(n);
}

/* What a view shows between two places of its object. Return: false if nothing. */
bool note_shows(const struct note *n, uint64_t object, uint64_t from, uint64_t to, struct shared_view *part);

/* Whether any view has a page between those addresses; with or without the lock. */
bool view_list_is_in(uintptr_t begin, uintptr_t end);

/* Notes a view, in one with those that it goes on from and that go on from it. Without memory it is not
 * noted: its pages stay charged, or free, by themselves. */
void view_list_add(struct shared_view view);

/* Makes several views of those that lie across the ends of a range. */
void view_list_split_around(uintptr_t begin, uintptr_t end);

/* Forgets all that have a page in the range. */
void view_list_forget(uintptr_t begin, uintptr_t end);

#endif
