/*
 * leases.c - bytes on their way between accounts and processes; see leases.h.
 *
 * Crash safety: what a thread does to its own cell and slot dies with its
 * process. What it does to another's is one store, `taken`, from which the
 * sums can be computed again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leases.h"

#include <errno.h>
#include <linux/membarrier.h>
#include <stdatomic.h>

#include "accounts.h"
#include "cells.h"
#include "grades.h"
#include "ledger_lock.h"
#include "rawsys.h"
#include "slots.h"

enum { SWEEP_TIGHT_NS = 10000000 };

static bool pays_for_fence(const struct cell *cell)
{
	uint32_t frozen = atomic_load_explicit(&cell->frozen, memory_order_relaxed);

	return frozen == CELL_FENCED || frozen == CELL_FROZEN_FENCED;
}

enum freeze {
	FREEZE_RICH, /* who has credit that can be taken */
	FREEZE_ALL,  /* nobody charges or returns anything any more without the lock */
};

static bool freeze_others(struct ledger *ledger, const struct cell *self, enum freeze which)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	bool any = false;

	for (uint32_t i = 0; i < end; i++) {
		struct cell *c = ledger_cell(ledger, i);

		if (c == self || !atomic_load_explicit(&c->slot, memory_order_relaxed) ||
		    (which == FREEZE_RICH && !cell_unused(c)))
			continue;
		atomic_store_explicit(&c->frozen, pays_for_fence(c) ? CELL_FROZEN_FENCED : CELL_FROZEN,
				      memory_order_seq_cst);
		any = true;
	}
	return any;
}

/*
 * Orders the freeze before what owners do from now on, and what they did before our reads.
 * Return: false if that holds only for owners who pay for a fence of their own.
 */
static bool fence_others(struct ledger *ledger)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (raw_syscall3(SYS_membarrier, MEMBARRIER_CMD_GLOBAL_EXPEDITED, 0, 0) == 0)
		return true;
	atomic_fetch_or_explicit(&ledger->degraded, LEDGER_FENCE_REFUSED, memory_order_relaxed);
	return false;
}

/* Takes the unused credit of every other thread in the tree back into the accounts. */
static void reclaim(struct ledger *ledger, const struct cell *self, enum freeze which)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	bool all;

	if (!freeze_others(ledger, self, which))
		return;
	all = fence_others(ledger);
	atomic_fetch_add_explicit(&ledger->reclaims, 1, memory_order_relaxed);
	for (uint32_t i = 0; i < end; i++) {
		struct cell *c = ledger_cell(ledger, i);
		uint32_t owner = atomic_load_explicit(&c->slot, memory_order_relaxed);
		struct slot *s = owner ? &ledger->slot[owner - 1] : NULL;
		int64_t k;

		if (c == self || !s ||
		    !(pays_for_fence(c) ||
		      (all && atomic_load_explicit(&c->frozen, memory_order_relaxed) == CELL_FROZEN)))
			continue;
		k = cell_unused(c);
		if (k > slot_lease(s)) /* the rest is the surplus of a forked child */
			k = slot_lease(s);
		if (k <= 0)
			continue;
		atomic_store_explicit(&c->taken, atomic_load_explicit(&c->taken, memory_order_relaxed) + k,
				      memory_order_relaxed);
		s->taken += k;
		accounts_lease(ledger, s->account, -k);
	}
}

int64_t leases_in_flight(const struct ledger *ledger, const struct cell *self)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	int64_t sum = 0;

	for (uint32_t i = 0; i < end; i++) {
		const struct cell *c = ledger_cell(ledger, i);
		int64_t in_flight = atomic_load_explicit(&c->in_flight, memory_order_relaxed);

		if (c != self && in_flight > 0 && atomic_load_explicit(&c->slot, memory_order_relaxed))
			sum += in_flight;
	}
	return sum;
}

/*
 * Whether a request that is `short_of` some bytes may be refused. Everybody is frozen: a charge that
 * may come back stands in its cell's in_flight before it lowers the credit, and can neither begin nor
 * come back unseen.
 */
static bool may_refuse(struct ledger *ledger, const struct cell *self, int64_t short_of, struct sweep *sweep)
{
	int64_t in_flight;

	if (!RAW_STORES_KEEP_ORDER)
		fence_others(ledger);
	in_flight = leases_in_flight(ledger, self);
	return short_of > in_flight || !sweep_wish_landing(sweep, in_flight);
}

/*
 * How much to draw beyond the need: in proportion to what the process holds,
 * so that peaks stay close to the truth, and less than what others may want.
 */
static int64_t lease_beyond(const struct slot *s, int64_t left, uint32_t sharers)
{
	int64_t extra = s->leased / CELL_LEASE_SHARE;

	if (extra < CELL_LEASE_MIN)
		extra = CELL_LEASE_MIN;
	if (extra > CELL_LEASE)
		extra = CELL_LEASE;
	return extra < left / (2 * (int64_t)sharers) ? extra : left / (2 * (int64_t)sharers);
}

static bool is_in_flight(const struct cell *self)
{
	return self && atomic_load_explicit(&self->in_flight, memory_order_relaxed) > 0;
}

/* Somebody waits for what is in flight. */
static bool must_not_take_off(const struct ledger *ledger)
{
	int64_t until_ns = atomic_load_explicit(&ledger->landing_until_ns, memory_order_relaxed);

	return until_ns && raw_clock_ns(CLOCK_MONOTONIC) < until_ns;
}

/*
 * Who died gives back at once where it matters: those that said so, and, as
 * long as a crossing of MEM may be waiting to be seen, those that were killed.
 * Return: which of them to look for now.
 */
static enum sweep_kind sweep_early(const struct ledger *ledger, const struct slot *s, int64_t need)
{
	bool tight = grades_are_tight(ledger, s->account);

	if (tight &&
	    raw_clock_ns(CLOCK_MONOTONIC) - atomic_load_explicit(&ledger->swept_ns, memory_order_relaxed) >
		    SWEEP_TIGHT_NS)
		return SWEEP_ALL;
	if ((tight && atomic_load_explicit(&ledger->leaving, memory_order_relaxed)) ||
	    (accounts_bytes_at_peak(ledger, s->account, need) && sweep_is_due_at_peak(ledger)))
		return SWEEP_QUICK;
	return SWEEP_NONE;
}

/* MEM has no room for it without what others do not use. Return: 0, -ENOMEM, or -EAGAIN for a sweep first. */
static int find_room(struct ledger *ledger, const struct slot *s, const struct cell *self, int64_t need,
		     struct sweep *sweep)
{
	reclaim(ledger, self, grades_allow_spikes(ledger, s->account) ? FREEZE_ALL : FREEZE_RICH);
	if (need <= accounts_available(ledger, s->account))
		return 0;
	/* What is only reserved has another way to go, and two who wait in flight would wait for each other.
	 */
	if (is_in_flight(self))
		return -ENOMEM;
	if (sweep_wish(ledger, sweep, SWEEP_ALL))
		return -EAGAIN;
	if (grades_admit(ledger, s->account, need, SPIKE_NEW))
		return 0;
	reclaim(ledger, self, FREEZE_ALL);
	if (need <= accounts_available(ledger, s->account))
		return 0;
	return may_refuse(ledger, self, need - accounts_available(ledger, s->account), sweep) ? -ENOMEM
											      : -EAGAIN;
}

/* Of n bytes, those that the process has not got in its surplus. */
static int64_t need_of(const struct slot *s, int64_t n)
{
	return s->surplus < n ? n - s->surplus : 0;
}

int leases_find(struct ledger *ledger, uint32_t slot, const struct cell *self, int64_t n, struct sweep *sweep)
{
	const struct slot *s = &ledger->slot[slot];
	int64_t need = need_of(s, n);

	if (sweep_wish(ledger, sweep, sweep_early(ledger, s, need)))
		return -EAGAIN;
	if (is_in_flight(self) && must_not_take_off(ledger))
		return -ENOMEM;
	if (need > accounts_available(ledger, s->account) &&
	    !grades_admit(ledger, s->account, need, SPIKE_RUNNING))
		return find_room(ledger, s, self, need, sweep);
	return 0;
}

bool leases_need_spike(const struct ledger *ledger, uint32_t slot, int64_t n)
{
	const struct slot *s = &ledger->slot[slot];
	int64_t need = need_of(s, n);

	return need > accounts_available(ledger, s->account) &&
	       grades_admit(ledger, s->account, need, SPIKE_NEW);
}

int64_t leases_draw(struct ledger *ledger, uint32_t slot, const struct cell *self, int64_t n)
{
	struct slot *s = &ledger->slot[slot];
	int64_t need = need_of(s, n);
	int64_t left = accounts_available(ledger, s->account);
	uint32_t sharers = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed) + 1;
	/* Above MEM exactly what is needed: what is leased must be what is charged. */
	int64_t extra = self && left > need ? lease_beyond(s, left - need, sharers) : 0;

	accounts_lease(ledger, s->account, need + extra);
	s->leased += need + extra;
	s->surplus -= n - need;
	return extra;
}

void leases_collect(struct ledger *ledger)
{
	reclaim(ledger, NULL, FREEZE_ALL);
}

void leases_give_back(struct ledger *ledger, uint32_t slot, int64_t n)
{
	struct slot *s = &ledger->slot[slot];
	int64_t lent = n < slot_lease(s) ? n : slot_lease(s);

	accounts_lease(ledger, s->account, -lent);
	s->leased -= lent;
	s->surplus += n - lent;
}

void leases_register_fence(struct ledger *ledger)
{
	uint64_t mask;

	if (raw_syscall3(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0)
		return;
	ledger_lock(ledger, &mask);
	atomic_store_explicit(&ledger->fenced, 1, memory_order_relaxed);
	ledger_unlock(ledger, &mask);
}
