/*
 * interpose_segment.c - brk and sbrk, when the program calls them, and shmat and shmdt.
 *
 * Owns:    nothing.
 * Called:  by the program and its libraries; libc's malloc moves the break by
 *          names of its own, so its heap is not counted twice.
 * Context: any thread, async-signal-safe, vfork child; errno is ENOMEM on a
 *          refusal and otherwise what the real function made it.
 * Fork:    nothing: the map and the budget see to it.
 *
 * A shared segment is charged by its whole size when a process attaches it
 * first; attached again, it is free (shared_objects.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/shm.h>

#include "budget.h"
#include "core/attrs.h"
#include "core/rawsys.h"
#include "ranges.h"
#include "real.h"
#include "shared_objects.h"

static uintptr_t round_up(uintptr_t n)
{
	return (n + MAPPINGS_PAGE - 1) & ~(uintptr_t)(MAPPINGS_PAGE - 1);
}

/* Whether the break could be there at all. */
static bool is_possible(uintptr_t position)
{
	return position && mappings_are_addressable(position, 1);
}

/* The pages between two positions of the break. */
static struct range between(uintptr_t low, uintptr_t high)
{
	return (struct range){round_up(low), round_up(high) - round_up(low)};
}

/* The break went down: what the program had charged there is free; libc's own was not charged. */
static void note_lowered(struct range range)
{
	if (range.bytes && range_prepared(range, MAPPING_UNKNOWN))
		budget_refund(mappings_set(range.begin, range.bytes, MAPPING_UNKNOWN));
}

/* The break went up. What could not be noted is not charged. */
static void note_raised(struct range range, int64_t paid)
{
	if (range.bytes == 0)
		budget_refund((size_t)paid);
	else
		range_enter(range, MAPPING_CHARGED, paid);
}

static void *guarded_sbrk(intptr_t step, struct hooked_call call)
{
	uintptr_t was = (uintptr_t)REAL_LATE(sbrk)(0);
	int64_t paid = 0;
	void *old;

	if (was == UINTPTR_MAX || !is_possible(was + (uintptr_t)step))
		return real.sbrk(step);
	if (step > 0)
		paid = range_admit(between(was, was + (uintptr_t)step).bytes, 0, call);
	if (paid < 0)
		return (void *)-1;
	old = REAL_LATE(sbrk)(step);
	was = (uintptr_t)old;
	if (was == UINTPTR_MAX) {
		member_note_kernel_refusal("sbrk", errno);
		budget_return_unused(paid);
	} else if (step > 0) {
		note_raised(between(was, was + (uintptr_t)step), paid);
	} else {
		note_lowered(between(was + (uintptr_t)step, was));
	}
	return old;
}

RL_EXPORT void *sbrk(intptr_t step)
{
	real_ensure();
	if (step == 0 || !ranges_are_counted())
		return REAL_LATE(sbrk)(step);
	return guarded_sbrk(step, HOOKED_CALL("sbrk"));
}

static int guarded_brk(void *to, struct hooked_call call)
{
	uintptr_t was = (uintptr_t)REAL_LATE(sbrk)(0);
	uintptr_t end = (uintptr_t)to;
	int64_t paid = 0;
	int result;

	if (was == UINTPTR_MAX || !is_possible(end))
		return REAL_LATE(brk)(to);
	if (end > was)
		paid = range_admit(between(was, end).bytes, 0, call);
	if (paid < 0)
		return -1;
	result = REAL_LATE(brk)(to);
	/* Where the break must not be the kernel leaves it, and libc may call that a success. */
	end = (uintptr_t)real.sbrk(0);
	if (result)
		budget_return_unused(paid);
	else if (end >= was)
		note_raised(between(was, end), paid);
	else
		note_lowered(between(end, was));
	return result;
}

RL_EXPORT int brk(void *to)
{
	real_ensure();
	if (!ranges_are_counted())
		return REAL_LATE(brk)(to);
	return guarded_brk(to, HOOKED_CALL("brk"));
}

/* The place for so many bytes that a segment is to replace; it begins at 0 if there is none. */
static struct range replaced_by(const void *at, int flags, size_t bytes)
{
	uintptr_t begin = (uintptr_t)at & ~(uintptr_t)(MAPPINGS_PAGE - 1);

	return (struct range){flags & SHM_REMAP ? begin : 0, bytes};
}

static void *guarded_shmat(int id, const void *at, int flags, struct hooked_call call)
{
	struct shmid_ds segment;
	struct range range;
	struct shared_view view = {.object = shared_objects_of_segment(id)};
	int64_t paid;
	void *block;

	if (raw_syscall3(SYS_shmctl, id, IPC_STAT, &segment) < 0 ||
	    !range_of(NULL, segment.shm_segsz, &range))
		return REAL_LATE(shmat)(id, at, flags);
	range = replaced_by(at, flags, range.bytes);
	view.begin = range.begin;
	view.bytes = range.bytes;
	paid = range_admit(shared_objects_unpaid(&view), range.begin ? range_replaced(range) : 0, call);
	if (paid < 0)
		return (void *)-1;
	block = REAL_LATE(shmat)(id, at, flags);
	if (block == (void *)-1) {
		budget_return_unused(paid);
		return block;
	}
	view.begin = (uintptr_t)block;
	if (!range_enter_view(&view, MAPPING_CHARGED, paid)) {
		REAL_LATE(shmdt)(block);
		errno = ENOMEM;
		return (void *)-1;
	}
	return block;
}

RL_EXPORT void *shmat(int id, const void *at, int flags)
{
	real_ensure();
	if (!ranges_are_counted())
		return REAL_LATE(shmat)(id, at, flags);
	return guarded_shmat(id, at, flags, HOOKED_CALL("shmat"));
}

/* The kernel takes all that is left of it, wherever holes or other mappings are in between. */
RL_EXPORT int shmdt(const void *at)
{
	struct shared_view part;
	size_t freed = 0;
	int result;

	real_ensure();
	while (ranges_are_counted() && shared_objects_attached((uintptr_t)at, &part))
		freed += range_vacate((struct range){part.begin, part.bytes});
	result = REAL_LATE(shmdt)(at);
	if (freed)
		budget_refund(freed);
	return result;
}
