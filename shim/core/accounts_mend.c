/*
 * accounts_mend.c - what the accounts say, once more from what the slots say; see accounts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accounts.h"

#include <stdatomic.h>

#include "grades.h"

/* A cell of a process that is gone was left when a sweep was cut short. */
static void recompute_cells(struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		struct cell *c = ledger_cell(ledger, i);
		uint32_t owner = atomic_load_explicit(&c->slot, memory_order_relaxed);
		struct slot *s = owner ? &ledger->slot[owner - 1] : NULL;

		if (!s)
			continue;
		if (atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_FREE)
			atomic_store_explicit(&c->slot, 0, memory_order_relaxed);
		else
			s->taken += atomic_load_explicit(&c->taken, memory_order_relaxed);
	}
}

void accounts_recompute(struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed); i++) {
		struct account *a = &ledger->account[i];

		if (atomic_load_explicit(&a->in_use, memory_order_relaxed))
			a->leased = a->threads = a->procs = 0;
	}
	for (uint32_t i = 0; i < end; i++)
		ledger->slot[i].taken = 0;
	/* Who died in the lock may have been about to lower them. */
	atomic_store_explicit(&ledger->slots_full_to, 0, memory_order_relaxed);
	atomic_store_explicit(&ledger->cells_full_to, 0, memory_order_relaxed);
	recompute_cells(ledger);
	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &ledger->slot[i];

		if (atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_FREE)
			continue;
		FOR_EACH_ACCOUNT_UP(ledger, s->account, a)
		{
			a->leased += s->leased - s->taken;
			a->threads += s->threads;
			a->procs++;
		}
	}
	for (uint32_t i = 0; i < atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed); i++)
		if (atomic_load_explicit(&ledger->account[i].in_use, memory_order_relaxed))
			grades_follow(&ledger->account[i]);
}
