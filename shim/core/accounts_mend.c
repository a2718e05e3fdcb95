/*
 * accounts_mend.c - what the accounts say, once more from what the slots say; see accounts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accounts.h"

#include <errno.h>
#include <stdatomic.h>

#include "grades.h"
#include "rawsys.h"
#include "vacancy.h"

/* One bit per account. */
struct marks {
	uint64_t word[LEDGER_ACCOUNTS / 64];
};

static bool is_marked(const struct marks *marks, uint32_t index)
{
	return marks->word[index / 64] >> (index % 64) & 1;
}

/* Together with those above it. */
static void mark(const struct ledger *ledger, uint32_t index, struct marks *marks)
{
	for (; index != LEDGER_NONE && !is_marked(marks, index); index = ledger->account[index].parent)
		marks->word[index / 64] |= UINT64_C(1) << (index % 64);
}

/*
 * Whether its supervisor may still write its record: not one that was reaped. Where there are several pid
 * namespaces its number does not tell.
 */
static bool has_supervisor(const struct ledger *ledger, const struct account *a)
{
	pid_t supervisor = atomic_load_explicit(&a->supervisor, memory_order_relaxed);

	return supervisor && (atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed) ||
			      raw_kill(supervisor, 0) != -ESRCH);
}

void accounts_close_abandoned(struct ledger *ledger, uint32_t kept)
{
	uint32_t accounts = atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed);
	uint32_t slots = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	struct marks marks = {.word = {0}};

	mark(ledger, kept, &marks);
	for (uint32_t i = 0; i < slots; i++)
		if (atomic_load_explicit(&ledger->slot[i].state, memory_order_relaxed) != SLOT_FREE)
			mark(ledger, ledger->slot[i].account, &marks);
	for (uint32_t i = 0; i < accounts; i++) {
		struct account *a = &ledger->account[i];

		if (atomic_load_explicit(&a->in_use, memory_order_relaxed) &&
		    (a->parent == LEDGER_NONE || has_supervisor(ledger, a)))
			mark(ledger, i, &marks);
	}
	for (uint32_t i = 0; i < accounts; i++)
		if (!is_marked(&marks, i))
			atomic_store_explicit(&ledger->account[i].in_use, 0, memory_order_relaxed);
}

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
	accounts_close_abandoned(ledger, LEDGER_NONE);
	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &ledger->slot[i];

		if (atomic_load_explicit(&s->state, memory_order_relaxed) == SLOT_FREE)
			continue;
		FOR_EACH_ACCOUNT_UP(ledger, s->account, a)
		{
			a->leased += s->leased - s->taken;
			a->threads += vacancy_counted_threads(s);
			a->procs++;
		}
	}
	for (uint32_t i = 0; i < atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed); i++)
		if (atomic_load_explicit(&ledger->account[i].in_use, memory_order_relaxed))
			grades_follow(&ledger->account[i]);
}
