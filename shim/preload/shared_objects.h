/*
 * shared_objects.h - shared memory that a descriptor or an identifier stands for: each page counted once.
 *
 * Owns:    nothing; what each mapping ("view") of such an object is charged.
 * Called:  ranges, interpose_map, interpose_remap, interpose_segment.
 * Context: any thread, async-signal-safe, fork child, vfork child; takes the
 *          ledger's lock, where there is a view; leaves errno alone.
 * Fork:    nothing: a child knows what it inherits, and is not charged for it.
 *          One that is forked while a thread changes the table may miss a view,
 *          or know one twice.
 *
 * A memfd, or another file in memory that has no name any more, and a segment
 * of shmat() may be mapped many times, in part and as a whole. Of the pages
 * that show the same page of the object one is charged, if any of them was
 * ever writable, and the others are free. When that one goes, another takes
 * its place in the map, and the charge stays: the contents do, too. Objects
 * are counted in each process that maps them.
 *
 * A view is noted when it is paid for, and is not while it moves: no other
 * relies on a charge that may be refused. What it shows may be charged twice
 * for that moment. Of very many views some are not noted (view_list.h); they
 * are charged by themselves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SHARED_OBJECTS_H
#define RL_PRELOAD_SHARED_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/attrs.h"
#include "mappings.h"
#include "view_list.h"

enum shared_kind {
	SHARED_FILE,	 /* has a name; its pages are the file system's */
	SHARED_ZERO,	 /* /dev/zero: anonymous memory, by another road */
	SHARED_NAMELESS, /* a memfd or the like; *object identifies it */
};

enum shared_kind shared_objects_of_fd(int fd, uint64_t *object);
uint64_t shared_objects_of_segment(int id);

/*
 * Bytes that would have to be charged for a view: those for which no other is.
 * One that it replaces is none; if it is to replace nothing, begin is 0.
 */
size_t shared_objects_unpaid(const struct shared_view *view);

/*
 * Marks the pages of a view that was just made, those that no other view is
 * charged for as `state`, and notes it. Nothing was noted about the range.
 * Return: bytes of it that are to be charged. If that is more than `has`
 * nothing is noted, and no other view can rely on its being charged.
 */
size_t shared_objects_enter(const struct shared_view *view, enum mapping_state state, size_t has);

/* Whether anything is noted about a part of the range; "yes" too while other threads change what is noted. */
static inline bool shared_objects_are_in(uintptr_t begin, size_t bytes)
{
	return RL_UNLIKELY(view_list_is_any()) && view_list_is_in(begin, begin + bytes);
}

size_t shared_objects_heritage_of_some(uintptr_t begin, size_t bytes);
void shared_objects_leave_some(uintptr_t begin, size_t bytes, struct mapping_runs *runs);
size_t shared_objects_take_off_of_some(uintptr_t begin, size_t bytes, enum mapping_state state);

/* Bytes charged to views in a range that will stay so when it goes, because other views show the same. */
static inline size_t shared_objects_heritage(uintptr_t begin, size_t bytes)
{
	return shared_objects_are_in(begin, bytes) ? shared_objects_heritage_of_some(begin, bytes) : 0;
}

/*
 * Forgets the views in a range whose pages were taken out of the map. Where
 * another view shows the same, it is charged in their stead: such pages are
 * taken out of *runs, and of the sum of those that were charged.
 */
static inline void shared_objects_leave(uintptr_t begin, size_t bytes, struct mapping_runs *runs)
{
	if (shared_objects_are_in(begin, bytes))
		shared_objects_leave_some(begin, bytes, runs);
}

/* Makes pages of views unknown that are in that state and for which another view is charged. Return: bytes.
 */
static inline size_t shared_objects_take_off_paid(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	return shared_objects_are_in(begin, bytes) ? shared_objects_take_off_of_some(begin, bytes, state) : 0;
}

/* Whether the range lies within one view; that part of it is stored in *view. */
bool shared_objects_find(uintptr_t begin, size_t bytes, struct shared_view *view);

/* Whether views between an address and as much behind it as the view has are charged for what that one shows.
 */
bool shared_objects_pay_in(uintptr_t begin, const struct shared_view *view);

/* Forgets a view, or a part of it, that is about to move; notes one that has moved, or did not. */
void shared_objects_lift(const struct shared_view *view);
void shared_objects_put(const struct shared_view *view);

/* A part that is left of a segment that was attached there. Return: false if there is none. */
bool shared_objects_attached(uintptr_t begin, struct shared_view *view);

#endif
