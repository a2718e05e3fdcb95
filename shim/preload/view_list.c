/*
 * view_list.c - the mappings of shared objects, as a list; see view_list.h.
 *
 * Who looks without the lock must not miss a view that stays: what takes the
 * place of another is there before that one goes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "view_list.h"

#include "arena.h"
#include "core/attrs.h"

struct notes view_list RL_SELDOM;
_Atomic bool view_list_in_use;

bool note_shows(const struct note *n, uint64_t object, uint64_t from, uint64_t to, struct shared_view *part)
{
	uint64_t ends;

	if (!note_begin(n) || n->object != object)
		return false;
	ends = n->offset + (note_end(n) - note_begin(n));
	from = from > n->offset ? from : n->offset;
	to = to < ends ? to : ends;
	if (from >= to)
		return false;
	*part = (struct shared_view){object, from, note_begin(n) + (from - n->offset), to - from};
	return true;
}

bool view_list_is_in(uintptr_t begin, uintptr_t end)
{
	FOR_EACH_NOTE(n)
	if (note_is_in(n, begin, end))
		return true;
	return false;
}

/* A note that is free, made if there is none. Return: NULL without memory. */
static struct note *find_free(void)
{
	struct notes *made, *last = NULL;

	FOR_EACH_NOTE(n)
	{
		if (!note_begin(n))
			return n;
		last = list;
	}
	made = arena_alloc(sizeof(*made));
	atomic_store_explicit(&last->next, made, memory_order_release);
	return made ? made->note : NULL;
}

static void set_bytes(struct note *n, size_t bytes)
{
	atomic_store_explicit(&n->bytes, bytes, memory_order_relaxed);
}

static bool put(const struct shared_view *view)
{
	struct note *n = find_free();

	if (!n)
		return false;
	n->object = view->object;
	n->offset = view->offset;
	set_bytes(n, view->bytes);
	atomic_store_explicit(&n->begin, view->begin, memory_order_release);
	return true;
}

static void free_note(struct note *n)
{
	atomic_store_explicit(&n->begin, 0, memory_order_relaxed);
}

/* Whether one view ends where the other begins, in memory and in the object. */
static bool goes_on(const struct shared_view *view, const struct shared_view *next)
{
	return view->object == next->object && view->begin + view->bytes == next->begin &&
	       view->offset + view->bytes == next->offset;
}

void view_list_add(struct shared_view view)
{
	struct note *before = NULL, *after = NULL;

	FOR_EACH_NOTE(n)
	{
		struct shared_view other = note_view(n);

		if (other.begin && goes_on(&other, &view))
			before = n;
		if (other.begin && goes_on(&view, &other))
			after = n;
	}
	if (after)
		view.bytes += note_end(after) - note_begin(after);
	if (before)
		set_bytes(before, view.begin + view.bytes - note_begin(before));
	else if (!put(&view))
		return;
	if (after)
		free_note(after);
}

static void split_at(uintptr_t at)
{
	FOR_EACH_NOTE(n)
	{
		struct shared_view high = note_view(n);
		size_t low = at - high.begin;

		if (!high.begin || high.begin >= at || high.begin + high.bytes <= at)
			continue;
		high = (struct shared_view){high.object, high.offset + low, at, high.bytes - low};
		put(&high);
		set_bytes(n, low);
		return;
	}
}

void view_list_split_around(uintptr_t begin, uintptr_t end)
{
	split_at(begin);
	split_at(end);
}

void view_list_forget(uintptr_t begin, uintptr_t end)
{
	FOR_EACH_NOTE(n)
	if (note_is_in(n, begin, end))
		free_note(n);
}
