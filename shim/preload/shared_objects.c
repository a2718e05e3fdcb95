/*
 * shared_objects.c - shared memory objects, each page counted once; see shared_objects.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "shared_objects.h"

#include <linux/magic.h>
#include <stdatomic.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include "core/attrs.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "member.h"
#include "view_list.h"

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

static bool is_any(void)
{
	return RL_UNLIKELY(atomic_load_explicit(&view_list_in_use, memory_order_relaxed));
}

bool shared_objects_are_in(uintptr_t begin, size_t bytes)
{
	return is_any() && view_list_is_in(begin, begin + bytes);
}

size_t shared_objects_unpaid(uint64_t object, uint64_t offset, size_t bytes)
{
	struct shared_view part;
	size_t paid = 0;
	uint64_t mask;

	if (!is_any())
		return bytes;
	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	if (note_shows(n, object, offset, offset + bytes, &part))
		paid += mappings_count(part.begin, part.bytes, MAPPING_CHARGED);
	ledger_unlock(member.ledger, &mask);
	return paid < bytes ? bytes - paid : 0;
}

/*
 * Takes off those pages of a view that are in `state`, for whose likes the
 * part `payer` of another is charged. Return: bytes of them.
 */
static size_t take_off_paid(const struct shared_view *view, const struct shared_view *payer,
			    enum mapping_state state)
{
	uintptr_t at = view->begin + (payer->offset - view->offset);
	size_t charged = mappings_count(payer->begin, payer->bytes, MAPPING_CHARGED);
	size_t mine = mappings_count(at, payer->bytes, state);
	struct shared_view low = *payer, high = *payer;

	if (!charged || !mine)
		return 0;
	if ((charged == payer->bytes && mine == payer->bytes) || payer->bytes == MAPPINGS_PAGE) {
		if (mappings_prepare(at, payer->bytes, MAPPING_UNKNOWN))
			return 0;
		mappings_set(at, payer->bytes, MAPPING_UNKNOWN);
		return payer->bytes;
	}
	low.bytes = (payer->bytes / 2 + MAPPINGS_PAGE - 1) & ~(size_t)(MAPPINGS_PAGE - 1);
	high.bytes -= low.bytes;
	high.begin += low.bytes;
	high.offset += low.bytes;
	return take_off_paid(view, &low, state) + take_off_paid(view, &high, state);
}

/* The same for whatever others show of what this view shows. */
static size_t take_off_all_paid(const struct shared_view *view, enum mapping_state state)
{
	struct shared_view payer;
	size_t taken = 0;

	FOR_EACH_NOTE(n)
	if (!note_is_in(n, view->begin, view->begin + view->bytes) &&
	    note_shows(n, view->object, view->offset, view->offset + view->bytes, &payer))
		taken += take_off_paid(view, &payer, state);
	return taken;
}

size_t shared_objects_enter(const struct shared_view *view, enum mapping_state state)
{
	size_t taken = 0;
	uint64_t mask;

	atomic_store_explicit(&view_list_in_use, true, memory_order_relaxed);
	ledger_lock(member.ledger, &mask);
	mappings_set(view->begin, view->bytes, state);
	if (state == MAPPING_CHARGED)
		taken = take_off_all_paid(view, state);
	view_list_add(*view);
	ledger_unlock(member.ledger, &mask);
	return state == MAPPING_CHARGED ? view->bytes - taken : 0;
}

size_t shared_objects_take_off_paid(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	uintptr_t end = begin + bytes;
	size_t taken = 0;
	uint64_t mask;

	if (!shared_objects_are_in(begin, bytes))
		return 0;
	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	{
		uintptr_t from = note_begin(n) > begin ? note_begin(n) : begin;
		uintptr_t to = note_end(n) < end ? note_end(n) : end;

		if (note_is_in(n, begin, end))
			taken += take_off_all_paid(&(struct shared_view){n->object,
									 n->offset + (from - note_begin(n)),
									 from, to - from},
						   state);
	}
	ledger_unlock(member.ledger, &mask);
	return taken;
}

/* Takes a part of a run out. Return: false without room for what is left on both sides of it. */
static bool remove_from_run(struct mapping_runs *runs, int i, uintptr_t begin, size_t bytes)
{
	struct mapping_run *run = &runs->run[i];
	uintptr_t end = run->begin + run->bytes;

	if (begin > run->begin && begin + bytes < end) {
		if (runs->count == MAPPINGS_RUNS)
			return false;
		runs->run[runs->count++] =
			(struct mapping_run){begin + bytes, end - (begin + bytes), run->state};
		run->bytes = begin - run->begin;
	} else if (begin > run->begin) {
		run->bytes = begin - run->begin;
	} else if (begin + bytes < end) {
		run->begin = begin + bytes;
		run->bytes = end - run->begin;
	} else {
		*run = runs->run[--runs->count];
	}
	return true;
}

/* Lets another view, outside the range, be charged for a part of a run. Return: whether one was. */
static bool pass_on(const struct note *from, struct mapping_runs *runs, int i, uintptr_t begin, uintptr_t end)
{
	struct mapping_run run = runs->run[i];
	uintptr_t low = run.begin > note_begin(from) ? run.begin : note_begin(from);
	uintptr_t high = run.begin + run.bytes < note_end(from) ? run.begin + run.bytes : note_end(from);
	struct shared_view heir;

	if (run.state != MAPPING_CHARGED || low >= high)
		return false;
	FOR_EACH_NOTE(n)
	{
		if (note_is_in(n, begin, end) ||
		    !note_shows(n, from->object, from->offset + (low - note_begin(from)),
				from->offset + (high - note_begin(from)), &heir) ||
		    mappings_prepare(heir.begin, heir.bytes, MAPPING_CHARGED) ||
		    !remove_from_run(runs, i, note_begin(from) + (heir.offset - from->offset), heir.bytes))
			continue;
		runs->charged -= heir.bytes - mappings_set(heir.begin, heir.bytes, MAPPING_CHARGED);
		return true;
	}
	return false;
}

static void pass_on_all(const struct note *n, struct mapping_runs *runs, uintptr_t begin, uintptr_t end)
{
	for (int i = 0; i < runs->count;) /* they change their places then */
		i = pass_on(n, runs, i, begin, end) ? 0 : i + 1;
}

/*
 * Since its pages were taken out of the map another view may have passed charges on to this one.
 * Return: bytes that nobody takes from it.
 */
static __attribute__((noinline)) size_t pass_on_late(const struct note *n, uintptr_t begin, uintptr_t end)
{
	uintptr_t at = note_begin(n);
	struct mapping_runs late;
	size_t left = 0;

	while (at < note_end(n)) {
		at = mappings_take(at, note_end(n) - at, &late);
		pass_on_all(n, &late, begin, end);
		left += late.charged;
	}
	return left;
}

void shared_objects_leave(uintptr_t begin, size_t bytes, struct mapping_runs *runs)
{
	uintptr_t end = begin + bytes;
	uint64_t mask;

	if (!shared_objects_are_in(begin, bytes))
		return;
	ledger_lock(member.ledger, &mask);
	view_list_split_around(begin, end);
	FOR_EACH_NOTE(n)
	{
		if (!note_is_in(n, begin, end))
			continue;
		pass_on_all(n, runs, begin, end);
		if (mappings_count(note_begin(n), note_end(n) - note_begin(n), MAPPING_CHARGED))
			runs->charged += pass_on_late(n, begin, end);
	}
	view_list_forget(begin, end);
	ledger_unlock(member.ledger, &mask);
}

bool shared_objects_find(uintptr_t begin, size_t bytes, struct shared_view *view)
{
	bool found = false;
	uint64_t mask;

	if (!shared_objects_are_in(begin, bytes))
		return false;
	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	if (note_begin(n) && note_begin(n) <= begin && begin + bytes <= note_end(n)) {
		*view = (struct shared_view){n->object, n->offset + (begin - note_begin(n)), begin, bytes};
		found = true;
	}
	ledger_unlock(member.ledger, &mask);
	return found;
}

void shared_objects_lift(const struct shared_view *view)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	view_list_split_around(view->begin, view->begin + view->bytes);
	view_list_forget(view->begin, view->begin + view->bytes);
	ledger_unlock(member.ledger, &mask);
}

void shared_objects_put(const struct shared_view *view)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	view_list_add(*view);
	ledger_unlock(member.ledger, &mask);
}

bool shared_objects_attached(uintptr_t begin, struct shared_view *view)
{
	bool found = false;
	uint64_t mask;

	if (!is_any())
		return false;
	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	if (note_begin(n) && n->object & OBJECT_SEGMENT && note_begin(n) - n->offset == begin) {
		*view = note_view(n);
		found = true;
	}
	ledger_unlock(member.ledger, &mask);
	return found;
}
