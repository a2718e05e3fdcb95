/*
 * vacancy.c - the place and the cell of a thread that has ended; see vacancy.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "vacancy.h"

#include <assert.h>
#include <stdatomic.h>

#include "accounts.h"
#include "cells.h"

static_assert((uint32_t)LEDGER_CELLS < (uint32_t)VACANCY_OF_CELL, "a bit that no number has");

static uint32_t vacant_of(const struct slot *s)
{
	return atomic_load_explicit(&s->vacant, memory_order_relaxed);
}

static bool exchange(struct slot *s, uint32_t was, uint32_t becomes)
{
	return atomic_compare_exchange_strong_explicit(&s->vacant, &was, becomes, memory_order_acq_rel,
						       memory_order_relaxed);
}

static bool has_place(uint32_t vacant)
{
	return vacant && !(vacant & VACANCY_OF_CELL);
}

bool vacancy_is_wanted(const struct ledger *ledger, uint32_t slot)
{
	return !vacant_of(&ledger->slot[slot]);
}

bool vacancy_leave(struct ledger *ledger, uint32_t slot, struct cell *cell)
{
	return exchange(&ledger->slot[slot], 0, (uint32_t)(ledger_cell(ledger, 0) - cell) + 1);
}

struct cell *vacancy_take(struct ledger *ledger, uint32_t slot)
{
	struct slot *s = &ledger->slot[slot];
	uint32_t vacant = vacant_of(s);

	return has_place(vacant) && exchange(s, vacant, 0) ? ledger_cell(ledger, vacant - 1) : NULL;
}

void vacancy_give_back_places(struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &ledger->slot[i];
		uint32_t vacant = vacant_of(s);

		if (has_place(vacant) && exchange(s, vacant, vacant | VACANCY_OF_CELL))
			accounts_add_threads(ledger, s->account, -1);
	}
}

void vacancy_settle(struct ledger *ledger, uint32_t slot)
{
	struct slot *s = &ledger->slot[slot];
	uint32_t vacant = vacant_of(s);

	if (!(vacant & VACANCY_OF_CELL))
		return;
	cells_retire_locked(ledger, slot, ledger_cell(ledger, (vacant & ~VACANCY_OF_CELL) - 1));
	s->threads--;
	atomic_store_explicit(&s->vacant, 0, memory_order_relaxed);
}

int64_t vacancy_counted_threads(const struct slot *slot)
{
	return slot->threads - !!(vacant_of(slot) & VACANCY_OF_CELL);
}

int64_t vacancy_threads_of(const struct slot *slot)
{
	return slot->threads - !!vacant_of(slot);
}

int64_t vacancy_threads_in(const struct ledger *ledger, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	int64_t threads = ledger->account[account].threads;

	for (uint32_t i = 0; i < end && threads > 0; i++)
		if (has_place(vacant_of(&ledger->slot[i])) &&
		    accounts_is_within(ledger, ledger->slot[i].account, account))
			threads--;
	return threads;
}
