/*
 * ranges.c - keeps the budget in step with what the program maps; see ranges.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ranges.h"

#include <errno.h>

#include "budget.h"
#include "core/approach.h"
#include "core/rawsys.h"
#include "shared_objects.h"

bool range_of(const void *begin, size_t len, struct range *range)
{
	size_t bytes = (len + MAPPINGS_PAGE - 1) & ~(size_t)(MAPPINGS_PAGE - 1);

	range->begin = (uintptr_t)begin;
	range->bytes = bytes;
	return bytes && bytes <= RL_LIMIT_MAX && !((uintptr_t)begin & (MAPPINGS_PAGE - 1)) &&
	       range->begin + bytes - 1 >= range->begin && mappings_are_addressable(range->begin, bytes);
}

int64_t range_admit(size_t need, size_t replaced, struct hooked_call call)
{
	int64_t n = need > replaced ? (int64_t)(need - replaced) : 0;

	if (n == 0 || !budget_charge(n))
		return n;
	member_note_denial(RL_MEM, call.name, n, call.caller);
	errno = ENOMEM;
	return -1;
}

bool range_settle(size_t paid, size_t need)
{
	if (paid < need)
		return !budget_charge((int64_t)(need - paid));
	if (paid > need)
		budget_refund(paid - need);
	return true;
}

size_t range_replaced(struct range range)
{
	size_t charged = mappings_count(range.begin, range.bytes, MAPPING_CHARGED);
	size_t stays = shared_objects_heritage(range.begin, range.bytes);

	return charged > stays ? charged - stays : 0;
}

size_t range_vacate(struct range range)
{
	struct mapping_runs runs = {.count = 0};
	size_t charged = 0;

	/* Without memory for that they stay charged until the range is marked anew. */
	if (!range_prepared(range, MAPPING_UNKNOWN)) {
		shared_objects_leave(range.begin, range.bytes, &runs);
		return runs.charged;
	}
	while (range.bytes && shared_objects_are_in(range.begin, range.bytes)) {
		uintptr_t end = mappings_take(range.begin, range.bytes, &runs);

		shared_objects_leave(range.begin, end - range.begin, &runs);
		charged += runs.charged;
		range.bytes -= end - range.begin;
		range.begin = end;
	}
	return charged;
}

size_t range_clear(struct range range)
{
	size_t was = range_vacate(range);

	if (!range_prepared(range, MAPPING_UNKNOWN))
		return was;
	return was + mappings_set(range.begin, range.bytes, MAPPING_UNKNOWN);
}

/* False too under a filter that kills for the question: what failed then stays charged until it is unmapped.
 */
static bool is_unmapped(uintptr_t page)
{
	unsigned char resident;

	return !approach_is_forbidden() &&
	       raw_syscall3(SYS_mincore, page, MAPPINGS_PAGE, &resident) == -ENOMEM;
}

size_t range_unmapped_before(struct range range)
{
	size_t low = 0, high = range.bytes / MAPPINGS_PAGE;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (is_unmapped(range.begin + middle * MAPPINGS_PAGE))
			low = middle + 1;
		else
			high = middle;
	}
	return low * MAPPINGS_PAGE;
}

void range_note_lost(struct range range)
{
	struct mapping_runs runs;

	/*
	 * Taken out for a look, a view's page would seem to be unpaid to who shows the same: these stay
	 * charged until they are unmapped.
	 */
	if (shared_objects_are_in(range.begin, range.bytes) || !range_prepared(range, MAPPING_UNKNOWN))
		return;
	while (range.bytes) {
		uintptr_t end = mappings_take(range.begin, range.bytes, &runs);

		mappings_restore(&runs);
		for (int i = 0; i < runs.count; i++) {
			struct range known = {runs.run[i].begin, runs.run[i].bytes};
			size_t lost = range_unmapped_before(known);

			if (lost)
				budget_refund(range_clear((struct range){known.begin, lost}));
		}
		range.bytes -= end - range.begin;
		range.begin = end;
	}
}

/* Takes the range over from whatever it was. Return: bytes that were charged there. */
RL_INLINE size_t take_over(struct range range, enum mapping_state state)
{
	size_t was = 0;

	if (shared_objects_are_in(range.begin, range.bytes))
		was = range_vacate(range);
	return was + mappings_set(range.begin, range.bytes, state);
}

bool range_enter(struct range range, enum mapping_state state, int64_t paid)
{
	size_t need = state == MAPPING_CHARGED ? range.bytes : 0;
	size_t was;

	if (!range_prepared(range, state)) {
		budget_refund((size_t)paid);
		return false;
	}
	was = take_over(range, state);
	if (range_settle((size_t)paid + was, need))
		return true;
	mappings_set(range.begin, range.bytes, MAPPING_UNKNOWN);
	budget_refund((size_t)paid + was);
	return false;
}

bool range_pay_for_view(const struct shared_view *view, enum mapping_state state, size_t *has)
{
	for (;;) {
		size_t need = shared_objects_enter(view, state, *has);

		if (need <= *has) {
			*has -= need;
			return true;
		}
		if (budget_charge((int64_t)(need - *has)))
			break;
		*has = need;
	}
	mappings_set(view->begin, view->bytes, MAPPING_UNKNOWN);
	return false;
}

bool range_enter_view(const struct shared_view *view, enum mapping_state state, int64_t paid)
{
	struct range range = {view->begin, view->bytes};
	size_t has = (size_t)paid;
	bool done = false;

	if (range_prepared(range, state)) {
		has += take_over(range, state);
		done = range_pay_for_view(view, state, &has);
	}
	if (has)
		budget_refund(has);
	return done;
}
