/*
 * shared_objects.h - shared memory that a descriptor or an identifier stands for, counted once.
 *
 * Owns:    a list of such objects and the mapping through which each is charged.
 * Called:  ranges, interpose_map, interpose_segment.
 * Context: any thread, async-signal-safe, fork child, vfork child; no lock;
 *          leaves errno alone.
 * Fork:    nothing: a child knows what it inherits, and is not charged for it.
 *
 * A memfd, or another file in memory that has no name any more, and a segment
 * of shmat() may be mapped many times. The first mapping is charged, by
 * its size; others of the same object are free while any page of it is left.
 * When the first goes before the others, they stay free. Objects are counted
 * in each process that maps them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SHARED_OBJECTS_H
#define RL_PRELOAD_SHARED_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum shared_kind {
	SHARED_FILE,	 /* has a name; its pages are the file system's */
	SHARED_ZERO,	 /* /dev/zero: anonymous memory, by another road */
	SHARED_NAMELESS, /* a memfd or the like; *object identifies it */
};

enum shared_kind shared_objects_of_fd(int fd, uint64_t *object);
uint64_t shared_objects_of_segment(int id);

/* Whether a mapping of the object is charged at this time. */
bool shared_objects_is_charged(uint64_t object);

/* Notes through which mapping an object is charged. */
void shared_objects_remember(uint64_t object, uintptr_t begin, size_t bytes);

/* A new mapping lies over that range: what was noted there is gone. */
void shared_objects_forget(uintptr_t begin, size_t bytes);

/* The size of the mapping that was noted at that address, or 0. */
size_t shared_objects_bytes_at(uintptr_t begin);

#endif
