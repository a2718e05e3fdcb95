/*
 * cells.c - the byte budget as a thread meets it; see cells.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cells.h"

#include <errno.h>

#include "accounts.h"
#include "grades.h"
#include "leases.h"
#include "ledger_file.h"
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
}

/* Lets the owner go on by itself, unless an account is above MEM: then each change is to come here. */
static void thaw(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	bool fenced = atomic_load_explicit(&ledger->fenced, memory_order_relaxed);
	bool tight = grades_are_tight(ledger, ledger->slot[slot].account);
	uint32_t frozen = tight ? CELL_FROZEN : CELL_RUNNING;

	if (fenced)
		frozen = tight ? CELL_FROZEN_FENCED : CELL_FENCED;
	atomic_store_explicit(&cell->frozen, frozen, memory_order_relaxed);
}

/* Gives back all credit but `keep`. It goes before its lease: killed in between, none is left unbacked. */
static void give_back_but(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t keep)
{
	int64_t credit = load(&cell->credit);

	raw_add_own(&cell->credit, keep - credit);
	leases_give_back(ledger, slot, credit - keep);
}

/* Ends a change under the lock. Above MEM no credit stays: it would hide how far above. */
static void finish(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	if (load(&cell->credit) > 0 && grades_are_tight(ledger, ledger->slot[slot].account))
		give_back_but(ledger, slot, cell, 0);
	thaw(ledger, slot, cell);
}

enum refill {
	REFILL_TO_CHARGE, /* at once, under the same lock */
	REFILL_TO_KEEP,	  /* until its owner comes to charge it, or never does */
};

/*
 * Credit until the cell covers n bytes. The cell is settled. What only a spike
 * can bring is never drawn to be kept: the account would be above MEM before
 * anything is charged, also where the call then fails; and who looks meanwhile
 * takes the credit back, or the owner itself does where it must try again, so
 * that the charge crosses MEM a second time.
 * Return: as leases_find(); 0 may mean that a spike will do.
 */
static int refill(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n, enum refill why,
		  struct sweep *sweep)
{
	int64_t short_of = n - load(&cell->credit);
	int error;

	if (short_of <= 0 || (why == REFILL_TO_KEEP && leases_need_spike(ledger, slot, short_of)))
		return 0;
	error = leases_find(ledger, slot, cell, short_of, sweep);
	/* With what others had not used gone, a spike may do that would not have before. */
	if (error || (why == REFILL_TO_KEEP && leases_need_spike(ledger, slot, short_of)))
		return error;
	raw_add_own(&cell->credit, short_of + leases_draw(ledger, slot, cell, short_of));
	return 0;
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
	struct sweep sweep = {0};
	uint64_t mask;
	int error = 0;

	if (fenced_change_stands(cell) && load(&cell->credit) >= 0)
		return 0;
	ledger_lock(ledger, &mask);
	/*
	 * The charge stands if credit covers it after all; it must not be undone and
	 * tried again, or a third thread could be refused because of it in between.
	 * What credit does not cover was taken, all of it, before anybody could see
	 * the charge: it stood in nobody's way, and may begin anew after a sweep.
	 */
	settle(ledger, slot, cell, n);
	if (load(&cell->credit) < 0) {
		error = refill(ledger, slot, cell, 0, REFILL_TO_CHARGE, &sweep);
		if (error)
			raw_add_own(&cell->credit, n);
	}
	finish(ledger, slot, cell);
	ledger_unlock(ledger, &mask);
	return error == -EAGAIN ? cells_charge_short(ledger, slot, cell, n) : error;
}

/* Credit for n bytes, charged at once or kept. Return: 0 or -ENOMEM. */
static int cover(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n, enum refill why)
{
	struct sweep sweep = {0};
	uint64_t mask;
	int error;

	do {
		ledger_lock(ledger, &mask);
		settle(ledger, slot, cell, 0);
		error = refill(ledger, slot, cell, n, why, &sweep);
		if (!error && why == REFILL_TO_CHARGE)
			raw_add_own(&cell->credit, -n);
		finish(ledger, slot, cell);
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
	return error;
}

int cells_charge_short(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n)
{
	return cover(ledger, slot, cell, n, REFILL_TO_CHARGE);
}

void cells_settle_refund(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	uint64_t mask;

	if (fenced_change_stands(cell) && load(&cell->credit) <= CELL_CREDIT_MAX)
		return;
	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	if (load(&cell->credit) > CELL_CREDIT_MAX)
		give_back_but(ledger, slot, cell, CELL_LEASE);
	finish(ledger, slot, cell);
	ledger_unlock(ledger, &mask);
}

int cells_prepare(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n)
{
	return cover(ledger, slot, cell, n, REFILL_TO_KEEP);
}

int cells_charge_direct(struct ledger *ledger, uint32_t slot, int64_t n)
{
	struct sweep sweep = {0};
	uint64_t mask;
	int error;

	do {
		ledger_lock(ledger, &mask);
		error = leases_find(ledger, slot, NULL, n, &sweep);
		if (!error) {
			leases_draw(ledger, slot, NULL, n);
			accounts_note_peak(ledger, ledger->slot[slot].account, 0);
		}
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
	return error;
}

void cells_refund_direct(struct ledger *ledger, uint32_t slot, int64_t n)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	accounts_note_peak(ledger, ledger->slot[slot].account, 0);
	leases_give_back(ledger, slot, n);
	ledger_unlock(ledger, &mask);
}

struct cell *cells_attach_locked(struct ledger *ledger, uint32_t slot)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	uint32_t i = atomic_load_explicit(&ledger->cells_full_to, memory_order_relaxed);
	struct cell *c;

	while (i < end && atomic_load_explicit(&ledger_cell(ledger, i)->slot, memory_order_relaxed))
		i++;
	if (i == LEDGER_CELLS ||
	    (i && i == end && ledger_grow(ledger_cell(ledger, i), sizeof(struct cell)))) {
		atomic_fetch_or_explicit(&ledger->degraded, LEDGER_CELLS_FULL, memory_order_relaxed);
		return NULL;
	}
	c = ledger_cell(ledger, i);
	store(&c->credit, 0);
	store(&c->low, INT64_MAX);
	store(&c->taken, 0);
	store(&c->in_flight, 0);
	thaw(ledger, slot, c);
	atomic_store_explicit(&c->slot, slot + 1, memory_order_release);
	if (i == end)
		atomic_store_explicit(&ledger->cells_end, end + 1, memory_order_relaxed);
	atomic_store_explicit(&ledger->cells_full_to, i + 1, memory_order_relaxed);
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

void cells_return_credit(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	uint64_t mask;

	if (load(&cell->credit) == 0)
		return;
	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	give_back_but(ledger, slot, cell, 0);
	finish(ledger, slot, cell);
	ledger_unlock(ledger, &mask);
}

void cells_retire_locked(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	settle(ledger, slot, cell, 0);
	give_back_but(ledger, slot, cell, 0);
	slots_free_cell(ledger, cell);
}

void cells_note_last_peak(struct ledger *ledger, uint32_t slot)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	int64_t unused = 0;

	for (uint32_t i = 0; i < end; i++) {
		const struct cell *c = ledger_cell(ledger, i);
		int64_t least = load(&c->low) < load(&c->credit) ? load(&c->low) : load(&c->credit);

		/* Each had at least its least unused at all times, so all together had the sum. */
		if (atomic_load_explicit(&c->slot, memory_order_relaxed) == slot + 1 &&
		    least > load(&c->taken))
			unused += least - load(&c->taken);
	}
	accounts_note_peak(ledger, ledger->slot[slot].account, unused);
}

void cells_note_peak(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	settle(ledger, slot, cell, 0);
	finish(ledger, slot, cell);
	ledger_unlock(ledger, &mask);
}

int64_t cells_charged(const struct ledger *ledger, uint32_t slot)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);
	const struct slot *s = &ledger->slot[slot];
	int64_t charged = s->leased - s->taken - s->surplus;

	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&ledger_cell(ledger, i)->slot, memory_order_relaxed) == slot + 1)
			charged -= cell_unused(ledger_cell(ledger, i));
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
