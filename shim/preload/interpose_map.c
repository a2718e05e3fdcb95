/*
 * interpose_map.c - mmap, munmap, mprotect and pkey_mprotect.
 *
 * Owns:    nothing.
 * Called:  by the program, its libraries, and allocators other than libc's;
 *          before the constructor too, when calls pass uncounted.
 * Context: any thread, async-signal-safe, fork child, vfork child; errno is
 *          ENOMEM on a refusal and otherwise what the real function made it.
 *          No lock is held during the call.
 * Fork:    nothing: the map and the budget see to it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/mman.h>

#include "budget.h"
#include "core/attrs.h"
#include "core/rawsys.h"
#include "ranges.h"
#include "real.h"
#include "shared_objects.h"

struct request {
	void *at;
	size_t len;
	int prot, flags, fd;
	off_t offset;
};

static void *forward(const struct request *q)
{
	return real.mmap(q->at, q->len, q->prot, q->flags, q->fd, q->offset);
}

enum { HUGE_PAGE_SHIFT = 21, HUGE_SHIFT_MASK = 63 };

/* Private memory that the kernel may empty, since Linux 6.11; a program may not lift its budget by it. */
enum { DROPPABLE = 0x08 };

/* The kernel rounds to huge pages if it is to use them. */
static size_t rounded_length(const struct request *q)
{
	int shift = q->flags >> MAP_HUGE_SHIFT & HUGE_SHIFT_MASK;
	size_t page = (size_t)1 << (shift ? shift : HUGE_PAGE_SHIFT);

	if (!(q->flags & MAP_HUGETLB) || q->len + page < q->len)
		return q->len;
	return (q->len + page - 1) & ~(page - 1);
}

/* What the pages will be; *object is set for shared memory that has a file, but no name for it. */
static enum mapping_state state_of(const struct request *q, uint64_t *object)
{
	bool writable = q->prot & PROT_WRITE;

	*object = 0;
	if ((q->flags & MAP_TYPE) == MAP_PRIVATE || (q->flags & MAP_TYPE) == DROPPABLE)
		return writable ? MAPPING_CHARGED : MAPPING_RESERVED;
	if (q->flags & MAP_ANONYMOUS)
		return MAPPING_CHARGED;
	switch (shared_objects_of_fd(q->fd, object)) {
	case SHARED_ZERO:
		return MAPPING_CHARGED;
	case SHARED_NAMELESS:
		return writable ? MAPPING_CHARGED : MAPPING_RESERVED;
	default:
		return MAPPING_UNKNOWN;
	}
}

/* Bytes to charge for it; the range is the one that it is to replace, or begins at 0. */
static size_t need_of(const struct request *q, struct range range, enum mapping_state state, uint64_t object)
{
	if (state != MAPPING_CHARGED)
		return 0;
	if (RL_LIKELY(!object))
		return range.bytes;
	return shared_objects_unpaid(
		&(struct shared_view){object, (uint64_t)q->offset, range.begin, range.bytes});
}

static bool enter(const struct request *q, struct range range, enum mapping_state state, uint64_t object,
		  int64_t paid)
{
	if (RL_LIKELY(!object))
		return range_enter(range, state, paid);
	return range_enter_view(&(struct shared_view){object, (uint64_t)q->offset, range.begin, range.bytes},
				state, paid);
}

static void *refuse_map(int64_t paid)
{
	budget_return_unused(paid);
	errno = ENOMEM;
	return MAP_FAILED;
}

static void *map(const struct request *q, struct hooked_call call)
{
	bool fixed = (q->flags & MAP_FIXED) && (q->flags & MAP_FIXED_NOREPLACE) != MAP_FIXED_NOREPLACE;
	struct range range;
	uint64_t object;
	enum mapping_state state;
	size_t replaced;
	int64_t paid;
	void *block;

	if (!range_of(fixed ? q->at : NULL, rounded_length(q), &range))
		return forward(q);
	state = state_of(q, &object);
	replaced = fixed ? range_replaced(range) : 0;
	paid = range_admit(need_of(q, range, state, object), replaced, call);
	if (paid < 0)
		return MAP_FAILED;
	if (fixed && !range_prepared(range, state))
		return refuse_map(paid);
	block = forward(q);
	if (block == MAP_FAILED) {
		member_note_kernel_refusal("mmap", errno);
		budget_return_unused(paid);
		if (fixed) /* huge pages that it has not got are missed late */
			range_note_lost(range);
		return block;
	}
	range.begin = (uintptr_t)block;
	if (!enter(q, range, state, object, paid)) {
		real.munmap(block, range.bytes);
		return refuse_map(0);
	}
	return block;
}

RL_EXPORT void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t offset)
{
	if (!ranges_are_counted())
		return real.mmap(at, len, prot, flags, fd, offset);
	return map(&(struct request){at, len, prot, flags, fd, offset}, HOOKED_CALL("mmap"));
}

RL_EXPORT void *mmap64(void *at, size_t len, int prot, int flags, int fd, off64_t offset)
{
	if (!ranges_are_counted())
		return real.mmap(at, len, prot, flags, fd, offset);
	return map(&(struct request){at, len, prot, flags, fd, offset}, HOOKED_CALL("mmap"));
}

/*
 * In one call, unless the range is so motley that the runs have no room for
 * it: then in several.
 */
RL_EXPORT int munmap(void *at, size_t len)
{
	struct mapping_runs runs;
	struct range rest;

	if (!ranges_are_counted() || !range_of(at, len, &rest))
		return real.munmap(at, len);
	/*
	 * Without memory for that it stays charged: until something is mapped there, which pays for less
	 * then, or until all around it is unmapped. Who runs short of memory must be able to give some back.
	 */
	if (!range_prepared(rest, MAPPING_UNKNOWN))
		return real.munmap(at, len);
	while (rest.bytes) {
		uintptr_t end = mappings_take(rest.begin, rest.bytes, &runs);

		/* If the kernel then refuses, a view is charged by itself until it has gone. */
		shared_objects_leave(rest.begin, end - rest.begin, &runs);
		if (real.munmap((void *)rest.begin, end - rest.begin)) {
			mappings_restore(&runs);
			return -1;
		}
		if (runs.charged)
			budget_refund(runs.charged);
		rest.bytes -= end - rest.begin;
		rest.begin = end;
	}
	return 0;
}

struct protection {
	int prot, key;
	bool has_key;
};

static int forward_protect(void *at, size_t len, const struct protection *p)
{
	if (p->has_key)
		return REAL_LATE(pkey_mprotect)(at, len, p->prot, p->key);
	return real.mprotect(at, len, p->prot);
}

/*
 * Of a run of pages that were not writable: bytes of the first ones that are now. Asking to change fewer
 * could succeed where the call has failed for want of room. The kernel tells since 5.14.
 */
static size_t writable_in(const struct mapping_run *run)
{
	size_t low = 0, high = run->bytes / MAPPINGS_PAGE;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (raw_syscall3(SYS_madvise, run->begin + middle * MAPPINGS_PAGE, MAPPINGS_PAGE,
				 MADV_POPULATE_WRITE) == 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low * MAPPINGS_PAGE;
}

/*
 * A call that fails may have changed what lies before the page that it failed
 * at. The kernel stops there again when it is asked for the same up to a
 * later page, and succeeds, with nothing left to do, up to an earlier one.
 * It may have failed in the midst of a run: a run may lie in several mappings.
 * Return: bytes that were turned.
 */
static size_t charge_what_changed(struct range range, const struct protection *p)
{
	uintptr_t at = range.begin, end = range.begin + range.bytes;
	struct mapping_runs runs;
	bool stopped = false;
	size_t turned = 0;
	int saved = errno;

	while (at < end && !stopped) {
		at = mappings_take(at, end - at, &runs);
		mappings_restore(&runs);
		for (int i = 0; i < runs.count && !stopped; i++) {
			const struct mapping_run *run = &runs.run[i];
			size_t changed;

			if (run->state != MAPPING_RESERVED)
				continue;
			stopped = forward_protect((void *)range.begin, run->begin + run->bytes - range.begin,
						  p) != 0;
			changed = stopped ? writable_in(run) : run->bytes;
			if (changed && !mappings_prepare(run->begin, changed, MAPPING_CHARGED))
				turned += mappings_charge_reserved(run->begin, changed);
		}
	}
	errno = saved;
	return turned;
}

static int protect(void *at, size_t len, const struct protection *p, struct hooked_call call)
{
	struct range range;
	size_t turned, twice; /* twice: of two views of the same that became writable at once */
	int64_t paid;
	int result;

	if (!(p->prot & PROT_WRITE) || !range_of(at, len, &range))
		return forward_protect(at, len, p);
	shared_objects_take_off_paid(range.begin, range.bytes, MAPPING_RESERVED);
	paid = (int64_t)mappings_count(range.begin, range.bytes, MAPPING_RESERVED);
	if (paid == 0)
		return forward_protect(at, len, p);
	if (!range_prepared(range, MAPPING_CHARGED)) {
		errno = ENOMEM;
		return -1;
	}
	if (range_admit((size_t)paid, 0, call) < 0)
		return -1;
	result = forward_protect(at, len, p);
	if (result)
		member_note_kernel_refusal("mprotect", errno);
	turned = result ? charge_what_changed(range, p) : mappings_charge_reserved(range.begin, range.bytes);
	twice = shared_objects_take_off_paid(range.begin, range.bytes, MAPPING_CHARGED);
	if (twice > turned)
		budget_refund(twice - turned);
	turned -= twice < turned ? twice : turned;
	if (turned == 0)
		budget_return_unused(paid);
	else if (!range_settle((size_t)paid, turned))
		/* Another thread reserved more in this very range meanwhile: forget it rather than miscount.
		 */
		budget_refund(mappings_set(range.begin, range.bytes, MAPPING_UNKNOWN) -
			      (turned - (size_t)paid));
	return result;
}

RL_EXPORT int mprotect(void *at, size_t len, int prot)
{
	if (!ranges_are_counted())
		return real.mprotect(at, len, prot);
	return protect(at, len, &(struct protection){.prot = prot}, HOOKED_CALL("mprotect"));
}

RL_EXPORT int pkey_mprotect(void *at, size_t len, int prot, int key)
{
	real_ensure();
	if (!ranges_are_counted())
		return REAL_LATE(pkey_mprotect)(at, len, prot, key);
	return protect(at, len, &(struct protection){.prot = prot, .key = key, .has_key = true},
		       HOOKED_CALL("pkey_mprotect"));
}
