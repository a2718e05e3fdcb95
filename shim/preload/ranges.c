/*
 * ranges.c - keeps the budget in step with what the program maps; see ranges.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ranges.h"

#include <errno.h>

#include "budget.h"
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

bool range_enter(struct range range, enum mapping_state state, int64_t paid)
{
	size_t need = state == MAPPING_CHARGED ? range.bytes : 0;
	size_t was;

	if (!range_prepared(range, state)) {
		budget_refund((size_t)paid);
		return false;
	}
	shared_objects_forget(range.begin, range.bytes);
	was = mappings_set(range.begin, range.bytes, state);
	if (range_settle((size_t)paid + was, need))
		return true;
	mappings_set(range.begin, range.bytes, MAPPING_UNKNOWN);
	budget_refund((size_t)paid + was);
	return false;
}
