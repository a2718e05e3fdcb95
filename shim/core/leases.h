/*
 * leases.h - bytes on their way between accounts and processes.
 *
 * Owns:    the slots' leased, taken and surplus; the cells' taken.
 * Called:  cells, when credit runs out or there is too much of it.
 * Context: under the ledger's lock; async-signal-safe, never allocates, leaves
 *          errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * Whoever finds nothing left takes back what other threads drew and do not
 * use: sets their freeze flags, calls membarrier, reads their credit.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEASES_H
#define RL_CORE_LEASES_H

#include <stdatomic.h>

#include "../contract/ledger_layout.h"
#include "sweep.h"

/* Credit that the owner may really use: what others took is gone though still written there. */
static inline int64_t cell_unused(const struct cell *cell)
{
	int64_t credit = atomic_load_explicit(&cell->credit, memory_order_relaxed) -
			 atomic_load_explicit(&cell->taken, memory_order_relaxed);

	return credit > 0 ? credit : 0;
}

/* What a process drew and still has, as its accounts count it. */
static inline int64_t slot_lease(const struct slot *slot)
{
	return slot->leased - slot->taken;
}

/*
 * Makes room for n bytes more, at the cost of what others do not use, for the
 * process, which draws them before the lock is let go of, or does not.
 * Return: 0, -ENOMEM, or -EAGAIN for a sweep first.
 */
int leases_find(struct ledger *ledger, uint32_t slot, const struct cell *self, int64_t n,
		struct sweep *sweep);

/*
 * Moves n bytes for which there is room, and some more if `self` is a cell that
 * can keep them, from the surplus and the accounts into the process's lease.
 * Return: how many more.
 */
int64_t leases_draw(struct ledger *ledger, uint32_t slot, const struct cell *self, int64_t n);

/* Whether n bytes more may be drawn now, but only as part of a spike above MEM. */
bool leases_need_spike(const struct ledger *ledger, uint32_t slot, int64_t n);

/* Gives n bytes of credit back, first to the accounts they came from. */
void leases_give_back(struct ledger *ledger, uint32_t slot, int64_t n);

/* What others have charged that may soon come back. Context: also without the lock. */
int64_t leases_in_flight(const struct ledger *ledger, const struct cell *self);

/*
 * Takes everything that is not used back into the accounts: the credit of every
 * thread. What dead processes held, sweep_dead() gives back.
 */
void leases_collect(struct ledger *ledger);

/* Registers this process for membarrier; otherwise every cell is fenced. Takes the lock. */
void leases_register_fence(struct ledger *ledger);

#endif
