/*
 * ranges.h - brings the budget and the map of charged pages along with what the program maps.
 *
 * Owns:    nothing; the order of charging, mapping and marking.
 * Called:  interpose_map, interpose_remap, interpose_segment.
 * Context: any thread, async-signal-safe, fork child, vfork child; errno
 *          changes only to ENOMEM on a refusal.
 * Fork:    nothing, because the map and the budget see to it.
 *
 * What counts is what the kernel counts as committed: private memory from
 * when it is first writable, and shared memory that no file stands behind,
 * rounded to pages. PROT_NONE and read-only are free until mprotect() makes
 * them writable; what was writable stays charged when it becomes read-only,
 * because its contents stay. (The kernel lets go of such memory if it was
 * never touched, which cannot be seen from here.)
 *
 * MAP_NORESERVE changes nothing: the kernel heeds it under the lenient
 * overcommit modes only, and a flag that any program may set must not lift
 * its budget. Node and Java set it on addresses that they reserve with
 * PROT_NONE and make writable piece by piece, which is free and charged as
 * it should be; no real program was found that needs writable memory to
 * be free.
 *
 * The order: charge, call, mark. A range that is to go is taken out of the
 * map before the call, since from then on another thread may be given the
 * same addresses, and is put back if the call fails.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_RANGES_H
#define RL_PRELOAD_RANGES_H

#include <stdbool.h>

#include "mappings.h"
#include "member.h"
#include "shared_objects.h"

struct range {
	uintptr_t begin;
	size_t bytes;
};

/* Whether the calling thread's mappings count now. */
static inline bool ranges_are_counted(void)
{
	return member_is_guarded() && RL_LIKELY(!thread_self.serving);
}

/* The pages that a call means. Return: false if the kernel will refuse it, or there are none. */
bool range_of(const void *begin, size_t len, struct range *range);

/*
 * Charges `need` bytes of which `replaced` are charged already.
 * Return: what was charged, or -1 with ENOMEM in errno and the refusal noted.
 */
int64_t range_admit(size_t need, size_t replaced, struct hooked_call call);

/*
 * Squares the account: `paid` was charged for the call or stood in the range
 * before, `need` stands there now. Return: false if the difference was refused,
 * which takes another thread that changes the same range.
 */
bool range_settle(size_t paid, size_t need);

/*
 * Marks a range that the call has just mapped, and settles. Return: false if
 * that was impossible; the range is then unknown and nothing is charged for it.
 */
bool range_enter(struct range range, enum mapping_state state, int64_t paid);

/* The same for a view of a shared object: what others are charged for is not charged again. */
bool range_enter_view(const struct shared_view *view, enum mapping_state state, int64_t paid);

/*
 * Marks and notes a view that is to be charged: of *has bytes that are charged
 * already, and of more if those do not suffice. *has becomes what is left of
 * them. Return: false if more was refused; the range is then unknown.
 */
bool range_pay_for_view(const struct shared_view *view, enum mapping_state state, size_t *has);

/* Bytes that are no longer charged when something else takes that place. */
size_t range_replaced(struct range range);

/* Forgets views in a range that is no more. Return: bytes that were charged there and are no longer. */
size_t range_vacate(struct range range);

/* Takes what something else has replaced out of the map. Return: bytes that were charged there and are no
 * longer. */
size_t range_clear(struct range range);

/* Of pages in a row, of which the first ones may be unmapped now: bytes that are. */
size_t range_unmapped_before(struct range range);

/* Gives back what a call that has failed was to replace, as far as the kernel had unmapped it before it did.
 */
void range_note_lost(struct range range);

/* No memory for the map, or the like: refuses without a note. */
static inline bool range_prepared(struct range range, enum mapping_state state)
{
	return mappings_prepare(range.begin, range.bytes, state) == 0;
}

#endif
