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

/*
 * A file that lies in memory and has no name. What memfd_secret() makes counts a link, but has no blocks;
 * most others that have one are told apart without a further call.
 */
static bool is_nameless(int fd, const struct stat *st)
{
	struct statfs fs;

	if ((st->st_nlink && st->st_blocks) || raw_syscall2(SYS_fstatfs, fd, &fs) < 0)
		return false;
	if (st->st_nlink)
		return fs.f_type == SECRETMEM_MAGIC;
	return fs.f_type == TMPFS_MAGIC || fs.f_type == HUGETLBFS_MAGIC;
}

enum shared_kind shared_objects_of_fd(int fd, uint64_t *object)
{
	struct stat st;

	if (raw_fstat(fd, &st) < 0)
		return SHARED_FILE;
	if (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 5))
		return SHARED_ZERO;
	if (!S_ISREG(st.st_mode) || !is_nameless(fd, &st))
		return SHARED_FILE;
	*object = OBJECT_FILE | (st.st_ino ^ (uint64_t)st.st_dev << 40);
	return SHARED_NAMELESS;
}

uint64_t shared_objects_of_segment(int id)
{
	return OBJECT_SEGMENT | (uint32_t)id;
}

size_t shared_objects_unpaid(const struct shared_view *view)
{
	uintptr_t end = view->begin ? view->begin + view->bytes : 0;
	struct shared_view part;
	size_t paid = 0;
	uint64_t mask;

	if (!view_list_is_any())
		return view->bytes;
	ledger_lock(member.ledger, &mask);
	if (view_list_has_room())
		FOR_EACH_NOTE(n)
	if (!note_is_in(n, view->begin, end) &&
	    note_shows(n, view->object, view->offset, view->offset + view->bytes, &part))
		paid += mappings_count(part.begin, part.bytes, MAPPING_CHARGED);
	ledger_unlock(member.ledger, &mask);
	return paid < view->bytes ? view->bytes - paid : 0;
}

/* Bytes that a view is charged for and that others, outside the range, show. */
static size_t shown_elsewhere(const struct shared_view *view, uintptr_t begin, uintptr_t end)
{
	struct shared_view part;
	size_t shown = 0;

	FOR_EACH_NOTE(n)
	if (!note_is_in(n, begin, end) &&
	    note_shows(n, view->object, view->offset, view->offset + view->bytes, &part))
		shown += mappings_count(view->begin + (part.offset - view->offset), part.bytes,
					MAPPING_CHARGED);
	return shown;
}

/* Whether a view lies in a range, and what of it does. */
static bool lies_in(const struct note *n, uintptr_t begin, uintptr_t end, struct shared_view *part)
{
	uintptr_t from = note_begin(n) > begin ? note_begin(n) : begin;
	uintptr_t to = note_end(n) < end ? note_end(n) : end;

	if (!note_is_in(n, begin, end))
		return false;
	*part = (struct shared_view){n->object, n->offset + (from - note_begin(n)), from, to - from};
	return true;
}

size_t shared_objects_heritage_of_some(uintptr_t begin, size_t bytes)
{
	uintptr_t end = begin + bytes;
	struct shared_view part;
	size_t sum = 0;
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	if (lies_in(n, begin, end, &part))
		sum += shown_elsewhere(&part, begin, end);
	ledger_unlock(member.ledger, &mask);
	return sum;
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
	size_t was;

	if (!charged || !mine)
		return 0;
	if ((charged == payer->bytes && mine == payer->bytes) || payer->bytes == MAPPINGS_PAGE) {
		if (mappings_prepare(at, payer->bytes, MAPPING_UNKNOWN))
			return 0;
		was = mappings_set(at, payer->bytes, MAPPING_UNKNOWN);
		/* Who unmaps the view itself just now has taken them, and gives them back. */
		return state == MAPPING_CHARGED ? was : payer->bytes;
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

size_t shared_objects_enter(const struct shared_view *view, enum mapping_state state, size_t has)
{
	size_t need = 0;
	bool has_room;
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	has_room = view_list_has_room();
	mappings_set(view->begin, view->bytes, state);
	if (state == MAPPING_CHARGED)
		need = view->bytes - (has_room ? take_off_all_paid(view, state) : 0);
	if (has_room && need <= has)
		view_list_add(*view);
	ledger_unlock(member.ledger, &mask);
	return need;
}

size_t shared_objects_take_off_of_some(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	struct shared_view part;
	size_t taken = 0;
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	if (lies_in(n, begin, begin + bytes, &part))
		taken += take_off_all_paid(&part, state);
	ledger_unlock(member.ledger, &mask);
	return taken;
}

/* Puts what of a run lies behind an address back into the map. Return: false without memory for it. */
static bool put_rest_back(struct mapping_runs *runs, struct mapping_run *run, uintptr_t from)
{
	size_t rest = run->begin + run->bytes - from;

	if (mappings_prepare(from, rest, run->state))
		return false;
	runs->charged -= rest - mappings_set(from, rest, run->state);
	run->bytes -= rest;
	return true;
}

/*
 * Takes a part of a charged run out. Without room for what is left on both sides of it the latter goes back
 * into the map, where pass_on_late() finds it. Return: false without memory for that.
 */
static bool remove_from_run(struct mapping_runs *runs, int i, uintptr_t begin, size_t bytes)
{
	struct mapping_run *run = &runs->run[i];
	uintptr_t end = run->begin + run->bytes;

	if (begin > run->begin && begin + bytes < end) {
		if (runs->count == MAPPINGS_RUNS && !put_rest_back(runs, run, begin + bytes))
			return false;
		if (runs->count < MAPPINGS_RUNS)
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
		/* Since the run was taken out of the map a third view may have come to be charged. */
		runs->charged += take_off_all_paid(&heir, MAPPING_CHARGED);
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
 * Since its pages were taken out of the map another view may have passed charges on to this one, or they did
 * not fit into the runs. Return: bytes that nobody takes from it.
 */
static __attribute__((noinline)) size_t pass_on_late(const struct note *n, uintptr_t begin, uintptr_t end)
{
	size_t bytes = note_end(n) - note_begin(n);
	size_t has = mappings_count(note_begin(n), bytes, MAPPING_CHARGED), had, left = 0;
	struct mapping_runs late;

	do {
		had = has;
		mappings_take(note_begin(n), bytes, &late);
		pass_on_all(n, &late, begin, end);
		left += late.charged;
		has = mappings_count(note_begin(n), bytes, MAPPING_CHARGED);
	} while (has && has < had); /* without memory for the map nothing can be taken out of it */
	return left;
}

void shared_objects_leave_some(uintptr_t begin, size_t bytes, struct mapping_runs *runs)
{
	uintptr_t end = begin + bytes;
	uint64_t mask;

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

bool shared_objects_pay_in(uintptr_t begin, const struct shared_view *view)
{
	struct shared_view part;
	bool pay = false;
	uint64_t mask;

	if (!shared_objects_are_in(begin, view->bytes))
		return false;
	ledger_lock(member.ledger, &mask);
	FOR_EACH_NOTE(n)
	if (note_is_in(n, begin, begin + view->bytes) &&
	    note_shows(n, view->object, view->offset, view->offset + view->bytes, &part) &&
	    mappings_count(part.begin, part.bytes, MAPPING_CHARGED))
		pay = true;
	ledger_unlock(member.ledger, &mask);
	return pay;
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

	if (!view_list_is_any())
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
