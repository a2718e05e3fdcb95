/*
 * view_list.c - the mappings of shared objects, as a table; see view_list.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "view_list.h"

#include "core/attrs.h"

struct note view_list[VIEWS_MAX] RL_SELDOM;
_Atomic uint32_t view_list_end;

/*
 * Odd while the table changes. Writers: under the ledger's lock. Who searches
 * without the lock could pass a note before it takes over the part that
 * another, still ahead, gives up: if this number is odd or another at the end,
 * he has seen nothing. A writer that dies, or a copy that fork() makes in the
 * middle, leaves it odd up to the next change.
 */
static _Atomic uint32_t changes;

static void begin_change(void)
{
	uint32_t n = atomic_load_explicit(&changes, memory_order_relaxed);

	atomic_store_explicit(&changes, n | 1, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
}

static void end_change(void)
{
	uint32_t n = atomic_load_explicit(&changes, memory_order_relaxed);

	atomic_store_explicit(&changes, n + 1, memory_order_release);
}

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
	uint32_t before = atomic_load_explicit(&changes, memory_order_acquire);

	FOR_EACH_NOTE(n)
	if (note_is_in(n, begin, end))
		return true;
	atomic_thread_fence(memory_order_acquire);
	return before & 1 || before != atomic_load_explicit(&changes, memory_order_relaxed);
}

bool view_list_has_room(void)
{
	uint32_t free = VIEWS_MAX - atomic_load_explicit(&view_list_end, memory_order_relaxed);

	FOR_EACH_NOTE(n)
	free += !note_begin(n);
	return free > VIEWS_FOR_PARTS;
}

static void set_bytes(struct note *n, size_t bytes)
{
	atomic_store_explicit(&n->bytes, bytes, memory_order_relaxed);
}

static void set_end(uint32_t end)
{
	atomic_store_explicit(&view_list_end, end, memory_order_release);
}

/* In the first note that is free. Return: false if none is. */
static bool put(const struct shared_view *view)
{
	uint32_t end = atomic_load_explicit(&view_list_end, memory_order_relaxed), i = 0;
	struct note *n;

	while (i < end && note_begin(&view_list[i]))
		i++;
	if (i == VIEWS_MAX)
		return false;
	n = &view_list[i];
	n->object = view->object;
	n->offset = view->offset;
	set_bytes(n, view->bytes);
	atomic_store_explicit(&n->begin, view->begin, memory_order_release);
	if (i == end)
		set_end(end + 1);
	return true;
}

static void free_note(struct note *n)
{
	uint32_t end = atomic_load_explicit(&view_list_end, memory_order_relaxed);

	atomic_store_explicit(&n->begin, 0, memory_order_relaxed);
	while (end && !note_begin(&view_list[end - 1]))
		end--;
	set_end(end);
}

/* Whether one view ends where the other begins, in memory and in the object. */
static bool goes_on(const struct shared_view *view, const struct shared_view *next)
{
	return view->object == next->object && view->begin + view->bytes == next->begin &&
	       view->offset + view->bytes == next->offset;
}

static bool add(struct shared_view view)
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
		return false;
	if (after)
		free_note(after);
	return true;
}

bool view_list_add(struct shared_view view)
{
	bool done;

	begin_change();
	done = add(view);
	end_change();
	return done;
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
	begin_change();
	split_at(begin);
	split_at(end);
	end_change();
}

void view_list_forget(uintptr_t begin, uintptr_t end)
{
	begin_change();
	FOR_EACH_NOTE(n)
	if (note_is_in(n, begin, end))
		free_note(n);
	end_change();
}
