/*
 * cells.h - the byte budget as a thread meets it: credit in its own cell.
 *
 * Owns:    the cells but for `taken`.
 * Called:  heap from any thread on every allocation, budget for other bytes;
 *          member and interpose_thread as threads come and go; lifecycle.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          the slow paths take the ledger's lock.
 * Fork:    the child attaches new cells; those of the parent stay the parent's.
 *
 * The fast path is one subtraction from memory that only this thread writes,
 * and a look at the cell's freeze flag. Who runs short near the limit takes
 * the unused credit of all others: it sets their flags, calls membarrier,
 * and reads their credit. After that barrier each owner has either seen
 * the flag, and settles under the lock before its change counts, or has
 * made its change visible, and the reader sees it. So the sum of what is
 * charged never passes a limit, and a request that fits into what is really
 * unused is never refused.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CELLS_H
#define RL_CORE_CELLS_H

#include <stdatomic.h>

#include "../contract/ledger_layout.h"
#include "attrs.h"
#include "rawsys.h"

/* A cell with more credit than CELL_CREDIT_MAX gives back all but CELL_LEASE. */
enum {
	CELL_CREDIT_MAX = 2 << 20,
	CELL_LEASE = 1 << 20, /* the most that is drawn beyond the need */
	CELL_LEASE_MIN = 16 << 10,
	CELL_LEASE_SHARE = 16, /* of what the process holds */
};

/* Whether credit for n bytes is at hand; a hint, a reclaim may take it. */
RL_INLINE bool cell_covers(const struct cell *cell, size_t n)
{
	return n <= (uint64_t)atomic_load_explicit(&cell->credit, memory_order_relaxed);
}

/*
 * Charges n bytes that the cell covers; others go to cells_charge_short(),
 * because what is subtracted from too little hides the credit that is there
 * from a reclaimer, and a third thread would be refused for a charge that is
 * then refused itself. (Only a signal handler in between can still bring that
 * about.) Return: false if cells_settle_charge() must finish it.
 */
RL_INLINE bool cell_charge(struct cell *cell, int64_t n)
{
	bool negative = raw_subtract_own(&cell->credit, n);

	/* The reclaimer's membarrier orders this look after that store. */
	return RL_LIKELY(!negative) && RL_LIKELY(!atomic_load_explicit(&cell->frozen, memory_order_relaxed));
}

/* Returns n bytes. Return: false if cells_settle_refund() must finish it. */
RL_INLINE bool cell_refund(struct cell *cell, int64_t n)
{
	int64_t credit = atomic_load_explicit(&cell->credit, memory_order_relaxed);

	if (RL_UNLIKELY(credit < atomic_load_explicit(&cell->low, memory_order_relaxed)))
		atomic_store_explicit(&cell->low, credit, memory_order_relaxed);
	raw_add_own(&cell->credit, n);
	return RL_LIKELY(credit + n <= CELL_CREDIT_MAX &&
			 !atomic_load_explicit(&cell->frozen, memory_order_relaxed));
}

/* Returns a charge that nothing used: it leaves no trace in the peak. Return: as cell_refund(). */
RL_INLINE bool cell_return_unused(struct cell *cell, int64_t n)
{
	raw_add_own(&cell->credit, n);
	return RL_LIKELY(!atomic_load_explicit(&cell->frozen, memory_order_relaxed));
}

/*
 * Around a charge of which a part may come back in a moment: who finds no room
 * meanwhile waits for it, or a request that fits could be refused.
 */
RL_INLINE void cell_take_off(struct cell *cell, int64_t n)
{
	raw_add_own(&cell->in_flight, n);
}

RL_INLINE void cell_land(struct cell *cell, int64_t n)
{
	raw_subtract_own(&cell->in_flight, n);
}

/*
 * Finishes a charge of n bytes that cell_charge() has already subtracted.
 * Return: 0, or -ENOMEM with the subtraction undone.
 */
int cells_settle_charge(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n);

/* Charges n bytes that the cell did not cover. Return: 0 or -ENOMEM. */
int cells_charge_short(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n);

/* Finishes a refund that cell_refund() has already added. */
void cells_settle_refund(struct ledger *ledger, uint32_t slot, struct cell *cell);

/*
 * Draws credit until the cell covers n bytes, without charging them; none where
 * only a spike above MEM has room, which the charge then begins.
 * Return: 0 or -ENOMEM.
 */
int cells_prepare(struct ledger *ledger, uint32_t slot, struct cell *cell, int64_t n);

/* Charges or returns n bytes without a cell: at start, after a thread's end, when the table is full.
 * Return: 0 or -ENOMEM. */
int cells_charge_direct(struct ledger *ledger, uint32_t slot, int64_t n);
void cells_refund_direct(struct ledger *ledger, uint32_t slot, int64_t n);

/* A cell for a thread of the process in `slot`, or NULL when the table is full. */
struct cell *cells_attach(struct ledger *ledger, uint32_t slot);

/* Gives all credit back, of a cell that is to be left without an owner: it would show in the peak. */
void cells_return_credit(struct ledger *ledger, uint32_t slot, struct cell *cell);

/* The same, and the return, under the ledger's lock. */
struct cell *cells_attach_locked(struct ledger *ledger, uint32_t slot);
void cells_retire_locked(struct ledger *ledger, uint32_t slot, struct cell *cell);

/* Notes the peak and, without changing the credit, brings the sums up to date. Takes the lock. */
void cells_note_peak(struct ledger *ledger, uint32_t slot, struct cell *cell);

/* Notes the peak of a process whose threads are gone, or are about to be, from their cells. Under the lock.
 */
void cells_note_last_peak(struct ledger *ledger, uint32_t slot);

/* Bytes charged to live blocks of a process, and of all members of an account. Under the lock. */
int64_t cells_charged(const struct ledger *ledger, uint32_t slot);
int64_t cells_charged_to_account(const struct ledger *ledger, uint32_t account);

#endif
