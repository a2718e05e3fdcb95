/*
 * cells.c - the byte budget as a thread meets it; see cells.h.
 *
 * Crash safety: what a thread does to its own cell and slot dies with its
 * process. What it does to another's is one store, `taken`, from which the
 * sums can be computed again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cells.h"

#include <errno.h>
#include <linux/membarrier.h>

#include "accounts.h"
#include "ledger_lock.h"
#include "slots.h"

static int64_t load(const _Atomic int64_t *value)
{
	return atomic_load_explicit(value, memory_order_relaxed);
}

static void store(_Atomic int64_t *value, int64_t n)
{
	atomic_store_explicit(value, n, memory_order_relaxed);
}

/* Credit that the owner may really use: what others took is gone though still written there. */
static int64_t unused_credit(const struct cell *cell)
{
	int64_t credit = load(&cell->credit) - load(&cell->taken);

	return credit > 0 ? credit : 0;
}

/* What a process drew and still has, as its accounts count it. */
static int64_t lease_of(const struct slot *s)
{
	return s->leased - s->taken;
}

/*
 * Notes the peak of the time since the last change of the lease. In that time
 * the account's lease was constant, and at least the cell's least credit was
 * unused, so the charged sum never exceeded the difference. For a process
 * with one thread it is exact.
 */
static void note_peak(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t in_flight)
{
	int64_t credit = load(&cell->credit) + in_flight;
	int64_t low = load(&cell->low);

	low = (credit < low ? credit : low) - load(&cell->taken);
	store(&cell->low, INT64_MAX);
	accounts_note_peak(ledger, ledger->slot[slot].account, low > 0 ? low : 0);
}

/* Takes over what others took from this cell; `in_flight` is subtracted but not yet granted. */
static void settle(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t in_flight)
{
	int64_t taken = load(&cell->taken);

	note_peak(ledger, slot, cell, in_flight);
	if (taken) {
		struct slot *s = &ledger->slot[slot];

		raw_add_own(&cell->credit, -taken);
		store(&cell->taken, 0);
		s->leased -= taken;
		s->taken -= taken;
	}
	atomic_store_explicit(&cell->frozen,
			      atomic_load_explicit(&ledger->fenced, memory_order_relaxed) ? CELL_FENCED
											  : CELL_RUNNING,
			      memory_order_relaxed);
}

static bool pays_for_fence(const struct cell *cell)
{
	uint32_t frozen = atomic_load_explicit(&cell->frozen, memory_order_relaxed);

	return frozen == CELL_FENCED || frozen == CELL_FROZEN_FENCED;
}

static bool freeze_others(struct ledger *ledger, const struct cell *self)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	bool any = false;

	for (uint32_t i = 0; i < end; i++) {
		struct cell *c = &ledger->cell[i];

		if (c == self || !atomic_load_explicit(&c->slot, memory_order_relaxed) || !unused_credit(c))
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
static void reclaim(struct ledger *ledger, const struct cell *self)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	bool all;

	if (!freeze_others(ledger, self))
		return;
	all = fence_others(ledger);
	atomic_fetch_add_explicit(&ledger->reclaims, 1, memory_order_relaxed);
	for (uint32_t i = 0; i < end; i++) {
		struct cell *c = &ledger->cell[i];
		uint32_t owner = atomic_load_explicit(&c->slot, memory_order_relaxed);
		struct slot *s = owner ? &ledger->slot[owner - 1] : NULL;
		int64_t k;

		if (c == self || !s ||
		    !(pays_for_fence(c) ||
		      (all && atomic_load_explicit(&c->frozen, memory_order_relaxed) == CELL_FROZEN)))
			continue;
		k = unused_credit(c);
		if (k > lease_of(s)) /* the rest is the surplus of a forked child */
			k = lease_of(s);
		if (k <= 0)
			continue;
		store(&c->taken, load(&c->taken) + k);
		s->taken += k;
		accounts_lease(ledger, s->account, -k);
	}
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

/* Moves n bytes from the surplus and the accounts into the process's lease. */
static int draw(struct ledger *ledger, uint32_t slot, const struct cell *self, int64_t n, int64_t *extra)
{
	struct slot *s = &ledger->slot[slot];
	int64_t own = s->surplus < n ? s->surplus : n;
	int64_t need = n - own;
	int64_t left;
	uint32_t sharers = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed) + 1;

	if (atomic_load_explicit(&ledger->leaving, memory_order_relaxed) &&
	    accounts_bytes_at_peak(ledger, s->account, need))
		slots_sweep(ledger, SWEEP_LEAVING);
	left = accounts_available(ledger, s->account);
	if (need > left) {
		reclaim(ledger, self);
		left = accounts_available(ledger, s->account);
	}
	if (need > left && slots_sweep(ledger, SWEEP_ALL))
		left = accounts_available(ledger, s->account);
	if (need > left)
		return -ENOMEM;
	*extra = self ? lease_beyond(s, left - need, sharers) : 0;
	accounts_lease(ledger, s->account, need + *extra);
	s->leased += need + *extra;
	s->surplus -= own;
	return 0;
}

/* Credit until the cell covers n bytes. The cell is settled. */
static int refill(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n)
{
	int64_t short_of = n - load(&cell->credit);
	int64_t extra;

	if (short_of <= 0)
		return 0;
	if (draw(ledger, slot, cell, short_of, &extra))
		return -ENOMEM;
	raw_add_own(&cell->credit, short_of + extra);
	return 0;
}

/* Gives n bytes of credit back, first to the accounts they came from. */
static void give_back(struct ledger *ledger, uint32_t slot, int64_t n)
{
	struct slot *s = &ledger->slot[slot];
	int64_t lent = n < lease_of(s) ? n : lease_of(s);

	accounts_lease(ledger, s->account, -lent);
	s->leased -= lent;
	s->surplus += n - lent;
}

/* Where membarrier is missing every change pays for its own fence. */
static bool fenced_change_stands(struct cell *cell)
{
	if (atomic_load_explicit(&cell->frozen, memory_order_relaxed) != CELL_FENCED)
		return false;
	atomic_thread_fence(memory_order_seq_cst);
	return atomic_load_explicit(&cell->frozen, memory_order_relaxed) == CELL_FENCED;
}

int cells_settle_charge(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n)
{
	uint64_t mask;
	int error = 0;

	if (fenced_change_stands(cell) && load(&cell->credit) >= 0)
		return 0;
	ledger_lock(ledger, &mask);
	/* The charge stands if credit covers it after all; it must not be undone and
	 * tried again, or a third thread could be refused because of it in between. */
	settle(ledger, slot, cell, n);
	if (load(&cell->credit) < 0) {
		error = refill(ledger, slot, cell, 0);
		if (error)
			raw_add_own(&cell->credit, n);
	}
	ledger_unlock(ledger, &mask);
	return error;
}

int cells_charge_short(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n)
{
	uint64_t mask;
	int error;

	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	error = refill(ledger, slot, cell, n);
	if (!error)
		raw_add_own(&cell->credit, -n);
	ledger_unlock(ledger, &mask);
	return error;
}

void cells_settle_refund(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	uint64_t mask;
	int64_t credit;

	if (fenced_change_stands(cell) && load(&cell->credit) <= CELL_CREDIT_MAX)
		return;
	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	credit = load(&cell->credit);
	if (credit > CELL_CREDIT_MAX) {
		raw_add_own(&cell->credit, CELL_LEASE - credit);
		give_back(ledger, slot, credit - CELL_LEASE);
	}
	ledger_unlock(ledger, &mask);
}

int cells_prepare(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n)
{
	uint64_t mask;
	int error;

	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	error = refill(ledger, slot, cell, n);
	ledger_unlock(ledger, &mask);
	return error;
}

int cells_charge_direct(struct ledger *ledger, uint32_t slot, int64_t n)
{
	uint64_t mask;
	int64_t extra;
	int error;

	ledger_lock(ledger, &mask);
	error = draw(ledger, slot, NULL, n, &extra);
	if (!error)
		accounts_note_peak(ledger, ledger->slot[slot].account, 0);
	ledger_unlock(ledger, &mask);
	return error;
}

void cells_refund_direct(struct ledger *ledger, uint32_t slot, int64_t n)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	accounts_note_peak(ledger, ledger->slot[slot].account, 0);
	give_back(ledger, slot, n);
	ledger_unlock(ledger, &mask);
}

struct cell *cells_attach_locked(struct ledger *ledger, uint32_t slot)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	uint32_t i = 0;
	struct cell *c;

	while (i < end && atomic_load_explicit(&ledger->cell[i].slot, memory_order_relaxed))
		i++;
	if (i == LEDGER_CELLS) {
		atomic_fetch_or_explicit(&ledger->degraded, LEDGER_CELLS_FULL, memory_order_relaxed);
		return NULL;
	}
	c = &ledger->cell[i];
	store(&c->credit, 0);
	store(&c->low, INT64_MAX);
	store(&c->taken, 0);
	atomic_store_explicit(&c->frozen,
			      atomic_load_explicit(&ledger->fenced, memory_order_relaxed) ? CELL_FENCED
											  : CELL_RUNNING,
			      memory_order_relaxed);
	atomic_store_explicit(&c->slot, slot + 1, memory_order_release);
	if (i == end)
		atomic_store_explicit(&ledger->cells_end, end + 1, memory_order_relaxed);
	return c;
}

struct cell *cells_attach(struct ledger *ledger, uint32_t slot)
{
	uint64_t mask;
	struct cell *cell;

	ledger_lock(ledger, &mask);
	cell = cells_attach_locked(ledger, slot);
	ledger_unlock(ledger, &mask);
	return cell;
}

void cells_retire_locked(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	int64_t credit;

	settle(ledger, slot, cell, 0);
	credit = load(&cell->credit);
	/* The credit goes before its lease: killed in between, no credit is left that nothing backs. */
	store(&cell->credit, 0);
	give_back(ledger, slot, credit);
	atomic_store_explicit(&cell->slot, 0, memory_order_release);
}

void cells_note_last_peak(struct ledger *ledger, uint32_t slot)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	int64_t unused = 0;

	for (uint32_t i = 0; i < end; i++) {
		const struct cell *c = &ledger->cell[i];
		int64_t least = load(&c->low) < load(&c->credit) ? load(&c->low) : load(&c->credit);

		if (atomic_load_explicit(&c->slot, memory_order_relaxed) == slot + 1 &&
		    least - load(&c->taken) > unused)
			unused = least - load(&c->taken);
	}
	accounts_note_peak(ledger, ledger->slot[slot].account, unused);
}

void cells_note_peak(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	ledger_unlock(ledger, &mask);
}

void cells_register_fence(struct ledger *ledger)
{
	uint64_t mask;

	if (raw_syscall3(SYS_membarrier, MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED, 0, 0) == 0)
		return;
	ledger_lock(ledger, &mask);
	atomic_store_explicit(&ledger->fenced, 1, memory_order_relaxed);
	ledger_unlock(ledger, &mask);
}

int64_t cells_charged(const struct ledger *ledger, uint32_t slot)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	const struct slot *s = &ledger->slot[slot];
	int64_t charged = s->leased - s->taken - s->surplus;

	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&ledger->cell[i].slot, memory_order_relaxed) == slot + 1)
			charged -= unused_credit(&ledger->cell[i]);
	return charged > 0 ? charged : 0;
}

int64_t cells_charged_to_account(const struct ledger *ledger, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	int64_t charged = 0;

	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&ledger->slot[i].state, memory_order_relaxed) != SLOT_FREE &&
		    accounts_is_within(ledger, ledger->slot[i].account, account))
			charged += cells_charged(ledger, i);
	return charged;
}
