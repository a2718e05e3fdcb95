/*
 * shared_objects.c - shared memory objects, counted once; see shared_objects.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "shared_objects.h"

#include <linux/magic.h>
#include <stdatomic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "arena.h"
#include "core/attrs.h"
#include "core/rawsys.h"
#include "mappings.h"

enum { NOTES = 62, NOTE_FREE = 0, NOTE_BUSY = 1 };

/* Who sets begin from free to busy fills in the rest, then sets begin to the address. */
struct note {
	_Atomic uintptr_t begin;
	_Atomic uint64_t object;
	_Atomic size_t bytes;
};

/* A list that only grows at its end. */
struct notes {
	_Atomic(struct notes *) next;
	struct note note[NOTES];
};

static struct notes first RL_SELDOM;
static _Atomic bool any; /* set before the first note is made; never cleared */

/* Bits that tell the kinds of numbers apart, and no object from 0. */
#define OBJECT_SEGMENT (UINT64_C(1) << 63)
#define OBJECT_FILE    (UINT64_C(1) << 62)

enum shared_kind shared_objects_of_fd(int fd, uint64_t *object)
{
	struct stat st;
	struct statfs fs;

	if (raw_fstat(fd, &st) < 0)
		return SHARED_FILE;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5))
		return SHARED_ZERO;
	if (!S_ISREG(st.st_mode) || st.st_nlink || raw_syscall2(SYS_fstatfs, fd, &fs) < 0 ||
	    (fs.f_type != TMPFS_MAGIC && fs.f_type != HUGETLBFS_MAGIC))
		return SHARED_FILE;
	*object = OBJECT_FILE | (st.st_ino ^ (uint64_t)st.st_dev << 40);
	return SHARED_NAMELESS;
}

uint64_t shared_objects_of_segment(int id)
{
	return OBJECT_SEGMENT | (uint32_t)id;
}

static bool is_charged(struct note *note, uintptr_t begin)
{
	return mappings_count(begin, atomic_load_explicit(&note->bytes, memory_order_relaxed),
			      MAPPING_CHARGED) > 0;
}

bool shared_objects_is_charged(uint64_t object)
{
	for (struct notes *n = &first; n; n = atomic_load_explicit(&n->next, memory_order_acquire))
		for (int i = 0; i < NOTES; i++) {
			uintptr_t begin = atomic_load_explicit(&n->note[i].begin, memory_order_acquire);

			if (begin > NOTE_BUSY &&
			    atomic_load_explicit(&n->note[i].object, memory_order_relaxed) == object &&
			    is_charged(&n->note[i], begin))
				return true;
		}
	return false;
}

/* Whether the note can be used for another object; it is then busy. */
static bool seize(struct note *note)
{
	uintptr_t begin = atomic_load_explicit(&note->begin, memory_order_acquire);

	if (begin == NOTE_BUSY || (begin != NOTE_FREE && is_charged(note, begin)))
		return false;
	return atomic_compare_exchange_strong_explicit(&note->begin, &begin, NOTE_BUSY, memory_order_acq_rel,
						       memory_order_relaxed);
}

/* The next part of the list, made if there is none. Return: NULL without memory. */
static struct notes *next_of(struct notes *n)
{
	struct notes *next = atomic_load_explicit(&n->next, memory_order_acquire);
	struct notes *made;

	if (next)
		return next;
	made = arena_alloc(sizeof(*made));
	if (!made || atomic_compare_exchange_strong_explicit(&n->next, &next, made, memory_order_acq_rel,
							     memory_order_acquire))
		return made;
	return next;
}

void shared_objects_remember(uint64_t object, uintptr_t begin, size_t bytes)
{
	atomic_store_explicit(&any, true, memory_order_relaxed);
	for (struct notes *n = &first; n; n = next_of(n))
		for (int i = 0; i < NOTES; i++) {
			struct note *note = &n->note[i];

			if (!seize(note))
				continue;
			atomic_store_explicit(&note->object, object, memory_order_relaxed);
			atomic_store_explicit(&note->bytes, bytes, memory_order_relaxed);
			atomic_store_explicit(&note->begin, begin, memory_order_release);
			return;
		}
}

void shared_objects_forget(uintptr_t from, size_t bytes)
{
	if (RL_LIKELY(!atomic_load_explicit(&any, memory_order_relaxed)))
		return;
	for (struct notes *n = &first; n; n = atomic_load_explicit(&n->next, memory_order_acquire))
		for (int i = 0; i < NOTES; i++) {
			struct note *note = &n->note[i];
			uintptr_t begin = atomic_load_explicit(&note->begin, memory_order_acquire);
			size_t length = atomic_load_explicit(&note->bytes, memory_order_relaxed);

			if (begin > NOTE_BUSY && begin < from + bytes && from < begin + length)
				atomic_compare_exchange_strong_explicit(&note->begin, &begin, NOTE_FREE,
									memory_order_acq_rel,
									memory_order_relaxed);
		}
}

size_t shared_objects_bytes_at(uintptr_t begin)
{
	for (struct notes *n = &first; n; n = atomic_load_explicit(&n->next, memory_order_acquire))
		for (int i = 0; i < NOTES; i++)
			if (atomic_load_explicit(&n->note[i].begin, memory_order_acquire) == begin)
				return atomic_load_explicit(&n->note[i].bytes, memory_order_relaxed);
	return 0;
}
