/*
 * claims.c - places for children whose number comes late; see claims.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "claims.h"

#include <errno.h>
#include <stdatomic.h>

#include "rawsys.h"
#include "slots.h"

static uint32_t state_of(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed);
}

enum { ANY_CLAIM = 1U << CLAIM_ONCE | 1U << CLAIM_HELD | 1U << CLAIM_LOOSE };

/* Whether the place is one that `maker` offers for a call of one of these kinds. */
static bool is_offered_by(const struct slot *s, pid_t maker, uint32_t claims)
{
	return state_of(s) != SLOT_FREE && s->creator == maker && claims & ANY_CLAIM & 1U << s->claim;
}

/* Whether no child is in it: none that was not waited for, since only /proc could tell that such a one is
 * dead. */
static bool is_vacant(const struct slot *s, uint64_t pid_namespace)
{
	pid_t pid = slots_pid_in(s, pid_namespace);

	return state_of(s) == SLOT_RESERVED || (pid && raw_kill(pid, 0) == -ESRCH);
}

/*
 * An offered place: `index` if it will do, which it does nearly always, else the first; or LEDGER_NONE. The
 * maker lives in that pid namespace.
 */
static uint32_t find_offered_in(const struct ledger *ledger, uint64_t own, uint32_t index, pid_t maker,
				uint32_t claims, bool only_vacant)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i <= end; i++) {
		uint32_t at = i ? i - 1 : index;
		const struct slot *s = &ledger->slot[at];

		if (is_offered_by(s, maker, claims) && slots_is_visible(s, own) &&
		    (!only_vacant || is_vacant(s, own)))
			return at;
	}
	return LEDGER_NONE;
}

static uint32_t find_offered(const struct ledger *ledger, uint32_t index, pid_t maker, uint32_t claims,
			     bool only_vacant)
{
	return find_offered_in(ledger, slots_own_namespace(ledger), index, maker, claims, only_vacant);
}

bool claims_are_offered(const struct ledger *ledger, pid_t parent, uint64_t pid_namespace)
{
	return find_offered_in(ledger, pid_namespace, 0, parent, ANY_CLAIM, false) != LEDGER_NONE;
}

uint32_t claims_take(struct ledger *ledger, pid_t parent, uint64_t pid_namespace)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint32_t place;

	for (uint32_t i = 0; i < end; i++)
		if (is_offered_by(&ledger->slot[i], parent, ANY_CLAIM) &&
		    state_of(&ledger->slot[i]) == SLOT_RESERVED &&
		    slots_is_visible(&ledger->slot[i], pid_namespace))
			return i;
	/*
	 * Or after a dead one: a held place outlives its child; or the child of a call that is over
	 * died where ours was to be, and the call gave back what we would have found.
	 */
	place = find_offered_in(ledger, pid_namespace, 0, parent, ANY_CLAIM, true);
	if (place != LEDGER_NONE)
		slots_vacate(ledger, place);
	return place;
}

/*
 * A call of kind `claim` is over and what it owned was `place`. If that stood
 * there for a call of another kind, that call now owns one of ours.
 */
static void end_offer(struct ledger *ledger, uint32_t index, uint32_t place, pid_t maker,
		      enum slot_claim claim)
{
	uint32_t kind = ledger->slot[place].claim;
	uint32_t other;

	ledger->slot[place].claim = CLAIM_NONE;
	if (kind == claim)
		return;
	other = find_offered(ledger, index, maker, 1U << claim, false);
	if (other != LEDGER_NONE)
		ledger->slot[other].claim = kind;
}

/* Where the child of a settling call is: in an offered place, or elsewhere if it came by another way. */
static uint32_t find_child(const struct ledger *ledger, pid_t maker, pid_t child, int64_t since_ns)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t own = slots_own_namespace(ledger);

	/* It may have died since; its maker has not heard of it, so the pid is not another's. */
	for (uint32_t i = 0; i < end; i++)
		if (is_offered_by(&ledger->slot[i], maker, ANY_CLAIM) &&
		    slots_pid_in(&ledger->slot[i], own) == child)
			return i;
	return slots_find(ledger, child, since_ns);
}

/* A place for a child that has not looked for one, and may never do so. */
static uint32_t place_child(struct ledger *ledger, uint32_t index, uint32_t parent, pid_t maker, pid_t child,
			    struct sweep *sweep)
{
	uint32_t place = find_offered(ledger, index, maker, ANY_CLAIM, true);

	/* A sweep makes those vacant in which somebody has died. */
	if (place == LEDGER_NONE && sweep_wish(ledger, sweep, SWEEP_ALL))
		return LEDGER_NONE;
	/* Only after a repair of the ledger could there be too few. */
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

void claims_settle(struct ledger *ledger, uint32_t index, uint32_t parent, pid_t maker,
		   const struct claims_child *child, struct sweep *sweep)
{
	uint32_t place = find_child(ledger, maker, child->pid, child->since_ns);

	if (place != LEDGER_NONE && !is_offered_by(&ledger->slot[place], maker, ANY_CLAIM)) {
		claims_withdraw(ledger, index, maker, CLAIM_ONCE, sweep);
		return;
	}
	if (place == LEDGER_NONE)
		place = place_child(ledger, index, parent, maker, child->pid, sweep);
	if (place != LEDGER_NONE)
		end_offer(ledger, index, place, maker, CLAIM_ONCE);
}

void claims_let_go(struct ledger *ledger, uint32_t index, pid_t maker)
{
	uint32_t place = find_offered(ledger, index, maker, 1U << CLAIM_ONCE, false);

	if (place != LEDGER_NONE)
		ledger->slot[place].claim = CLAIM_LOOSE;
}

void claims_withdraw(struct ledger *ledger, uint32_t index, pid_t maker, enum slot_claim claim,
		     struct sweep *sweep)
{
	uint32_t place = find_offered(ledger, index, maker, 1U << claim, true);

	if (place == LEDGER_NONE)
		/* A child of another call is in the last of this kind, so one of its own is vacant. */
		place = find_offered(ledger, index, maker, ANY_CLAIM, true);
	if (place == LEDGER_NONE) {
		sweep_wish(ledger, sweep, SWEEP_ALL);
		return;
	}
	end_offer(ledger, index, place, maker, claim);
	slots_close(ledger, place);
}
