/*
 * shared_objects.h - shared memory that a descriptor or an identifier stands for: each page counted once.
 *
 * Owns:    nothing; what each mapping ("view") of such an object is charged.
 * Called:  ranges, interpose_map, interpose_remap, interpose_segment.
 * Context: any thread, async-signal-safe, fork child, vfork child; takes the
 *          ledger's lock, where there is a view; leaves errno alone.
 * Fork:    nothing: a child knows what it inherits, and is not charged for it.
 *          One that is forked while a thread changes the list may miss a view,
 *          and charge more for it than once.
 *
 * A memfd, or another file in memory that has no name any more, and a segment
 * of shmat() may be mapped many times, in part and as a whole. Of the pages
 * that show the same page of the object one is charged, if any of them was
 * ever writable, and the others are free. When that one goes, another takes
 * its place in the map, and the charge stays: the contents do, too. Objects
 * are counted in each process that maps them.
 *
 * Two threads that map and unmap parts of one object at the same time may
 * come to charge a page twice, or to charge it only when it is mapped anew.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SHARED_OBJECTS_H
#define RL_PRELOAD_SHARED_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mappings.h"
#include "view_list.h"

enum shared_kind {
	SHARED_FILE,	 /* has a name; its pages are the file system's */
	SHARED_ZERO,	 /* /dev/zero: anonymous memory, by another road */
	SHARED_NAMELESS, /* a memfd or the like; *object identifies it */
};

enum shared_kind shared_objects_of_fd(int fd, uint64_t *object);
uint64_t shared_objects_of_segment(int id);

/* Bytes of that part of an object for which no view is charged. */
size_t shared_objects_unpaid(uint64_t object, uint64_t offset, size_t bytes);

/*
 * Notes a view that was just made, and marks its pages: those that no other
 * view is charged for as `state`. Nothing is noted about the range any more.
 * Return: bytes of it that are charged.
 */
size_t shared_objects_enter(const struct shared_view *view, enum mapping_state state);

/* Whether anything is noted about a part of the range. */
bool shared_objects_are_in(uintptr_t begin, size_t bytes);

/*
 * Forgets the views in a range whose pages were taken out of the map. Where
 * another view shows the same, it is charged in their stead: such pages are
 * taken out of *runs, and of the sum of those that were charged.
 */
void shared_objects_leave(uintptr_t begin, size_t bytes, struct mapping_runs *runs);

/* Whether the range lies within one view; that part of it is stored in *view. */
bool shared_objects_find(uintptr_t begin, size_t bytes, struct shared_view *view);

/* Forgets a view, or a part of it, that is about to move; notes one that has moved, or did not. */
void shared_objects_lift(const struct shared_view *view);
void shared_objects_put(const struct shared_view *view);

/* Makes pages of views unknown that are in that state and for which another view is charged. Return: bytes.
 */
size_t shared_objects_take_off_paid(uintptr_t begin, size_t bytes, enum mapping_state state);

/* A part that is left of a segment that was attached there. Return: false if there is none. */
bool shared_objects_attached(uintptr_t begin, struct shared_view *view);

#endif
