/*
 * claims.c - places for children whose number comes late; see claims.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "claims.h"

#include <stdatomic.h>

#include "slots.h"

static uint32_t state_of(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed);
}

/* Whether the place is one that `maker` offered and has not settled. */
static bool is_offered_by(const struct slot *s, pid_t maker)
{
	return state_of(s) != SLOT_FREE && s->claim != CLAIM_NONE && s->creator == maker;
}

/* Whether a child could move in: nobody did yet, or it is held and the last one died. */
static bool is_vacant(const struct slot *s)
{
	return state_of(s) == SLOT_RESERVED || (s->claim == CLAIM_HELD && !slots_is_alive(s));
}

uint32_t claims_take(struct ledger *ledger, pid_t parent)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];

		if (!is_offered_by(s, parent) || !is_vacant(s))
			continue;
		if (state_of(s) != SLOT_RESERVED)
			slots_vacate(ledger, i);
		return i;
	}
	return LEDGER_NONE;
}

/* An offered place without a living process: `index` if it is one, else the first; or LEDGER_NONE. */
static uint32_t find_vacant(const struct ledger *ledger, uint32_t index, pid_t maker, uint32_t claims)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i <= end; i++) {
		/* The own one first, which is right nearly always. */
		uint32_t at = i ? i - 1 : index;
		const struct slot *s = &ledger->slot[at];

		if (is_offered_by(s, maker) && (claims & 1U << s->claim) && is_vacant(s))
			return at;
	}
	return LEDGER_NONE;
}

enum { ANY_CLAIM = 1U << CLAIM_ONCE | 1U << CLAIM_HELD };

/* The offer of `index` goes over to `taken`, and with it what the call in `index` owns. */
static void swap_claims(struct ledger *ledger, uint32_t index, uint32_t taken, pid_t maker)
{
	struct slot *t = &ledger->slot[taken];
	uint32_t kind = t->claim;

	t->claim = CLAIM_NONE;
	if (taken != index && is_offered_by(&ledger->slot[index], maker))
		ledger->slot[index].claim = kind;
}

/* Where the child of a settling call is: in an offered place, or elsewhere if it came by another way. */
static uint32_t find_child(const struct ledger *ledger, pid_t maker, uint64_t pid_namespace, pid_t child)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	/* It may have died since; its maker has not heard of it, so the pid is not another's. */
	for (uint32_t i = 0; i < end; i++)
		if (is_offered_by(&ledger->slot[i], maker) &&
		    atomic_load_explicit(&ledger->slot[i].pid, memory_order_relaxed) == child)
			return i;
	return slots_find(ledger, child, pid_namespace);
}

/* A place for a child that has not looked for one, and may never do so. */
static uint32_t place_child(struct ledger *ledger, uint32_t index, uint32_t parent, pid_t maker, pid_t child)
{
	uint32_t place = find_vacant(ledger, index, maker, ANY_CLAIM);

	/* The own one went to a child of another thread, which died and was swept: the sum is one too few. */
	if (place == LEDGER_NONE)
		place = slots_open(ledger, ledger->slot[parent].account);
	if (place == LEDGER_NONE)
		return LEDGER_NONE;
	if (state_of(&ledger->slot[place]) != SLOT_RESERVED)
		slots_vacate(ledger, place);
	ledger->slot[place].pid_namespace = ledger->slot[parent].pid_namespace;
	slots_bind(ledger, place, child);
	return place;
}

void claims_settle(struct ledger *ledger, uint32_t index, uint32_t parent, pid_t maker, pid_t child)
{
	uint32_t place = find_child(ledger, maker, ledger->slot[parent].pid_namespace, child);
	bool came_by_itself = place != LEDGER_NONE && !is_offered_by(&ledger->slot[place], maker);

	if (place == LEDGER_NONE)
		place = place_child(ledger, index, parent, maker, child);
	if (came_by_itself)
		claims_withdraw(ledger, index, maker, CLAIM_ONCE);
	else if (place != LEDGER_NONE)
		swap_claims(ledger, index, place, maker);
}

void claims_withdraw(struct ledger *ledger, uint32_t index, pid_t maker, enum slot_claim claim)
{
	uint32_t place = find_vacant(ledger, index, maker, 1U << claim);

	if (place == LEDGER_NONE)
		/* A child of another call took the last of this kind, and left one of its own. */
		place = find_vacant(ledger, index, maker, ANY_CLAIM);
	if (place != LEDGER_NONE)
		slots_close(ledger, place);
}
