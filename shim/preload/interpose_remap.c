/*
 * interpose_remap.c - mremap.
 *
 * Owns:    nothing.
 * Called:  by the program and its libraries.
 * Context: any thread, async-signal-safe, fork child, vfork child; errno is
 *          ENOMEM on a refusal and otherwise what the real function made it.
 * Fork:    nothing: the map and the budget see to it.
 *
 * Growth is of the state of the last old page. MREMAP_DONTUNMAP leaves the old
 * pages mapped, empty and charged, and an old size of 0 gives shared pages a
 * second place: both are charged like new mappings, but for shared objects,
 * of which each page is charged once (shared_objects.h).
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <sys/mman.h>

#include "budget.h"
#include "core/attrs.h"
#include "ranges.h"
#include "real.h"
#include "shared_objects.h"

enum { FLAGS_KNOWN = MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP };

struct remap {
	struct range old; /* one page where the program said 0 */
	size_t new_bytes;
	int flags;
	bool old_stays;
	void *target;
	struct shared_view view;  /* what the old pages show of a shared object */
	bool replaces_likes;	  /* at the target lay views that were charged for what this one shows */
	struct mapping_runs runs; /* what they were */
};

/* The state of the last old page, and so of what grows behind it. */
static enum mapping_state last_state(const struct remap *r)
{
	uintptr_t end = r->old.begin + r->old.bytes;

	for (int i = 0; i < r->runs.count; i++)
		if (r->runs.run[i].begin < end && r->runs.run[i].begin + r->runs.run[i].bytes == end)
			return r->runs.run[i].state;
	return MAPPING_UNKNOWN;
}

/* The part of the object that a view is to show. */
static struct shared_view part_of(const struct remap *r, uintptr_t at, size_t from, size_t to)
{
	return (struct shared_view){r->view.object, r->view.offset + from, at + from, to - from};
}

static enum mapping_state view_state(const struct remap *r)
{
	return last_state(r) == MAPPING_RESERVED ? MAPPING_RESERVED : MAPPING_CHARGED;
}

/* What must be charged beside what the old pages already are. */
static size_t need_of(const struct remap *r)
{
	size_t shown = r->old.bytes; /* already */

	if (r->view.object) {
		struct shared_view grown = part_of(r, (uintptr_t)r->target, shown, r->new_bytes);

		if (!(r->flags & MREMAP_FIXED))
			grown.begin = 0;
		return r->new_bytes > shown && view_state(r) == MAPPING_CHARGED
			       ? shared_objects_unpaid(&grown)
			       : 0;
	}
	if (r->old_stays && r->old.bytes < r->new_bytes) /* a second place */
		return last_state(r) == MAPPING_CHARGED ? r->new_bytes : 0;
	if (r->old_stays)
		return r->runs.charged;
	if (r->new_bytes > r->old.bytes && last_state(r) == MAPPING_CHARGED)
		return r->new_bytes - r->old.bytes;
	return 0;
}

/* Marks one range. Return: bytes that are charged now and were not, when another thread had been there. */
static size_t place(uintptr_t begin, size_t bytes, enum mapping_state state)
{
	size_t was;

	if (state == MAPPING_UNKNOWN || mappings_prepare(begin, bytes, state))
		return 0;
	was = mappings_set(begin, bytes, state);
	return state == MAPPING_CHARGED ? bytes - was : 0;
}

/* Bytes of a run that are still there. */
static size_t kept_of(const struct remap *r, const struct mapping_run *run)
{
	size_t offset = run->begin - r->old.begin;

	if (offset >= r->new_bytes) /* those that follow may lie before it */
		return 0;
	return run->bytes < r->new_bytes - offset ? run->bytes : r->new_bytes - offset;
}

/* The state that a view is to have from one place on, up to *to. */
static enum mapping_state view_state_from(const struct remap *r, size_t from, size_t *to)
{
	*to = r->new_bytes;
	if (r->replaces_likes)
		return MAPPING_CHARGED;
	if (from >= r->old.bytes)
		return view_state(r);
	if (*to > r->old.bytes)
		*to = r->old.bytes;
	for (int i = 0; i < r->runs.count; i++) {
		const struct mapping_run *run = &r->runs.run[i];
		size_t begin = run->begin - r->old.begin, end = begin + kept_of(r, run);

		if (run->state != MAPPING_RESERVED || end <= from)
			continue;
		if (begin <= from) {
			*to = end;
			return MAPPING_RESERVED;
		}
		*to = begin < *to ? begin : *to;
	}
	return MAPPING_CHARGED;
}

/*
 * Marks a view at its new place, with `has` bytes that are charged. What was not read-only is charged there
 * if no other view is: one that was may have gone meanwhile.
 */
static void place_view(const struct remap *r, uintptr_t at, size_t has)
{
	for (size_t from = 0, to; from < r->new_bytes; from = to) {
		enum mapping_state state = view_state_from(r, from, &to);
		struct shared_view part = part_of(r, at, from, to);

		if (!mappings_prepare(part.begin, part.bytes, state))
			range_pay_for_view(&part, state, &has);
	}
	if (has)
		budget_refund(has);
}

/* Marks the new pages as the old ones were. Return: bytes that are charged now. */
static size_t place_all(const struct remap *r, uintptr_t at)
{
	size_t grows = r->new_bytes > r->old.bytes ? r->new_bytes - r->old.bytes : 0;
	size_t charged = 0;

	for (int i = 0; i < r->runs.count; i++) {
		const struct mapping_run *run = &r->runs.run[i];
		size_t kept = kept_of(r, run);

		if (kept)
			charged += place(at + (run->begin - r->old.begin), kept, run->state);
	}
	if (grows)
		charged += place(at + r->old.bytes, grows, last_state(r));
	return charged;
}

/*
 * Since Linux 6.17 several mappings move at once, and what lies at the target
 * of a gap between them stays. A gap looks like a shared file from here; its
 * target then stays charged until it is unmapped.
 */
static size_t clear_target(const struct remap *r, uintptr_t at)
{
	size_t known = 0, was = 0;

	if (at == r->old.begin && !r->old_stays)
		return r->new_bytes > r->old.bytes
			       ? range_clear((struct range){at + r->old.bytes, r->new_bytes - r->old.bytes})
			       : 0;
	for (int i = 0; i < r->runs.count; i++)
		known += r->runs.run[i].bytes;
	if (r->view.object || known == 0 || known == r->old.bytes || r->new_bytes != r->old.bytes)
		return range_clear((struct range){at, r->new_bytes});
	for (int i = 0; i < r->runs.count; i++)
		was += range_clear(
			(struct range){at + (r->runs.run[i].begin - r->old.begin), r->runs.run[i].bytes});
	return was;
}

/* The call has succeeded: the old pages are out of the map unless they stay. */
static void settle(struct remap *r, void *block, int64_t paid)
{
	uintptr_t at = (uintptr_t)block;
	size_t before, now;

	/* What is cut off others may show, too. */
	if (!r->old_stays && r->new_bytes < r->old.bytes)
		shared_objects_leave(r->old.begin + r->new_bytes, r->old.bytes - r->new_bytes, &r->runs);
	/* Of several views at once none is followed: what moved is charged by itself. */
	if (!r->view.object && !r->old_stays && at != r->old.begin &&
	    shared_objects_are_in(r->old.begin, r->old.bytes))
		shared_objects_lift(&(struct shared_view){.begin = r->old.begin, .bytes = r->old.bytes});
	r->replaces_likes = r->view.object && (r->flags & MREMAP_FIXED) &&
			    shared_objects_pay_in(at, &(struct shared_view){.object = r->view.object,
									    .offset = r->view.offset,
									    .bytes = r->new_bytes});
	before = (size_t)paid + (r->old_stays ? 0 : r->runs.charged) + clear_target(r, at);
	if (r->view.object) {
		place_view(r, at, before);
		return;
	}
	now = place_all(r, at);
	/* Only if another thread changes the same range meanwhile: forget it rather than miscount. */
	if (!range_settle(before, now))
		budget_refund(before - now + mappings_set(at, r->new_bytes, MAPPING_UNKNOWN));
}

/* Of a view goes what is to move; what is cut off goes when it has gone. */
static void lift_view(const struct remap *r, bool up)
{
	size_t moves = r->new_bytes < r->old.bytes ? r->new_bytes : r->old.bytes;
	struct shared_view part = part_of(r, r->old.begin, 0, moves);
	size_t twice;

	if (!r->view.object || r->old_stays)
		return;
	if (up) {
		shared_objects_lift(&part);
		return;
	}
	shared_objects_put(&part);
	/* Others may have been charged for the same meanwhile. */
	twice = shared_objects_take_off_paid(part.begin, part.bytes, MAPPING_CHARGED);
	if (twice)
		budget_refund(twice);
}

/*
 * Notes what the old pages are, and takes them out of the map unless they stay. A view is forgotten first:
 * nobody passes a charge on to it from then on.
 */
static bool take_old(struct remap *r)
{
	if (!range_prepared(r->old, MAPPING_UNKNOWN))
		return false;
	shared_objects_find(r->old.begin, r->old.bytes, &r->view);
	lift_view(r, true);
	if (mappings_take(r->old.begin, r->old.bytes, &r->runs) == r->old.begin + r->old.bytes) {
		if (r->old_stays)
			mappings_restore(&r->runs);
		return true;
	}
	mappings_restore(&r->runs);
	lift_view(r, false);
	return false;
}

/*
 * Since Linux 6.17 mappings that move at once do so one after the other, and those before one that may not
 * have moved when the call fails. Return: bytes from the first old page to the first that is still there, or
 * 0 if none has moved.
 */
static size_t moved_before_failure(const struct remap *r)
{
	size_t moved = r->old.bytes;
	bool any = false;

	if (!(r->flags & MREMAP_FIXED) || r->old_stays || r->view.object || r->new_bytes != r->old.bytes ||
	    shared_objects_are_in(r->old.begin, r->old.bytes))
		return 0;
	for (int i = 0; i < r->runs.count; i++) { /* not in order */
		const struct mapping_run *run = &r->runs.run[i];
		size_t gone = range_unmapped_before((struct range){run->begin, run->bytes});
		size_t stays = run->begin - r->old.begin + gone;

		any = any || gone;
		if (gone < run->bytes && stays < moved)
			moved = stays;
	}
	return any ? moved : 0;
}

/* Takes the runs from a place of the old pages on out of *r, and puts them back into the map. */
static void put_back_from(struct remap *r, size_t from)
{
	struct mapping_runs rest = {.count = 0}, first = {.count = 0};

	for (int i = 0; i < r->runs.count; i++) {
		struct mapping_run run = r->runs.run[i];
		size_t offset = run.begin - r->old.begin;
		size_t moved = offset >= from ? 0 : from - offset < run.bytes ? from - offset : run.bytes;

		if (moved)
			first.run[first.count++] = (struct mapping_run){run.begin, moved, run.state};
		if (moved && run.state == MAPPING_CHARGED)
			first.charged += moved;
		if (moved < run.bytes)
			rest.run[rest.count++] =
				(struct mapping_run){run.begin + moved, run.bytes - moved, run.state};
	}
	mappings_restore(&rest);
	r->runs = first;
}

static void put_back(const struct remap *r)
{
	if (!r->old_stays)
		mappings_restore(&r->runs);
	lift_view(r, false);
}

static void settle_failure(struct remap *r, int64_t paid)
{
	struct range target = {(uintptr_t)r->target, r->new_bytes};
	size_t moved = moved_before_failure(r);

	if (moved) {
		put_back_from(r, moved);
		r->old.bytes = moved;
		r->new_bytes = moved;
		settle(r, r->target, paid);
	} else {
		put_back(r);
		budget_return_unused(paid);
	}
	/* What could not move may have found its target cleared. */
	if ((r->flags & MREMAP_FIXED) && target.bytes > moved)
		range_note_lost((struct range){target.begin + moved, target.bytes - moved});
}

static void *remap(struct remap *r, size_t old_len, size_t new_len, struct hooked_call call)
{
	struct range target = {(uintptr_t)r->target, r->new_bytes};
	bool fixed = r->flags & MREMAP_FIXED;
	int64_t paid;
	void *block;

	if ((fixed && !range_prepared(target, MAPPING_UNKNOWN)) || !take_old(r)) {
		errno = ENOMEM;
		return MAP_FAILED;
	}
	paid = range_admit(need_of(r), fixed ? range_replaced(target) : 0, call);
	if (paid < 0) {
		put_back(r);
		return MAP_FAILED;
	}
	block = real.mremap((void *)r->old.begin, old_len, new_len, r->flags, r->target);
	if (block == MAP_FAILED) {
		member_note_kernel_refusal("mremap", errno);
		settle_failure(r, paid);
		return block;
	}
	settle(r, block, paid);
	return block;
}

static void *guarded_mremap(void *old, size_t old_len, size_t new_len, int flags, void *target,
			    struct hooked_call call)
{
	struct remap r = {.flags = flags, .target = target};
	struct range new_range;
	bool known = !(flags & ~FLAGS_KNOWN) &&
		     range_of(flags & MREMAP_FIXED ? target : NULL, new_len, &new_range);

	if (!known || !range_of(old, old_len ? old_len : MAPPINGS_PAGE, &r.old))
		return real.mremap(old, old_len, new_len, flags, target);
	r.new_bytes = new_range.bytes;
	r.old_stays = old_len == 0 || (flags & MREMAP_DONTUNMAP);
	return remap(&r, old_len, new_len, call);
}

/* Whether a fifth argument was given shows in the flags; reading one that was not is harmless. */
RL_EXPORT void *mremap(void *old, size_t old_len, size_t new_len, int flags, ...)
{
	__builtin_va_list arguments;
	void *target = NULL;

	__builtin_va_start(arguments, flags);
	if (flags & (MREMAP_FIXED | MREMAP_DONTUNMAP))
		target = __builtin_va_arg(arguments, void *);
	__builtin_va_end(arguments);
	if (!ranges_are_counted())
		return real.mremap(old, old_len, new_len, flags, target);
	return guarded_mremap(old, old_len, new_len, flags, target, HOOKED_CALL("mremap"));
}
