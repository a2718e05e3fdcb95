/*
 * sweep.h - finds the processes of a tree that have died and gives back what they held.
 *
 * Owns:    nothing; slots.c closes what is found here.
 * Called:  whoever was told that a look might make room, and startup.
 * Context: without the ledger's lock, which it takes for moments and never
 *          while it reads /proc; any thread, async-signal-safe, vfork child,
 *          never allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * What needs room runs under the lock, where nobody may read files: a reader
 * that is stopped there would stop all others. So it gives up with a wish,
 * and its caller grants that and tries again:
 *
 *	struct sweep sweep = {0};
 *
 *	do {
 *		ledger_lock(ledger, &mask);
 *		error = ask_for_room(ledger, ..., &sweep);
 *		ledger_unlock(ledger, &mask);
 *	} while (sweep_if_wished(ledger, &sweep));
 *
 * A request is refused for good only if nobody of those who stood in its way
 * has died, and nobody has come or gone since: what is free for a moment may
 * be taken by others, who then have left something else.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SWEEP_H
#define RL_CORE_SWEEP_H

#include "../contract/ledger_layout.h"

enum sweep_kind {
	SWEEP_NONE,
	SWEEP_QUICK, /* those that said they were about to die, and those whose number nobody has */
	SWEEP_ALL,
};

struct sweep {
	enum sweep_kind done, wished;
	uint32_t changes; /* of the table when it was wished for */
	uint32_t rounds;
	bool landing;	    /* wait for charges that may come back */
	int64_t in_flight;  /* when that was wished for */
	int64_t give_up_ns; /* CLOCK_MONOTONIC; 0: has not waited yet */
};

/* Under the lock. Return: whether to give up for now, because a sweep of this kind is still to come. */
bool sweep_wish(const struct ledger *ledger, struct sweep *sweep, enum sweep_kind kind);

/*
 * The same for `in_flight` bytes that other threads have charged and may give
 * back. Return: false when that has taken too long: one of them is stopped.
 */
bool sweep_wish_landing(struct sweep *sweep, int64_t in_flight);

/*
 * Under the lock: whether a quick look makes sense before a peak rises. Who was
 * killed, or runs a program that does not load us, dies without a word, and
 * would count as if it were there. In trees of many a look waits until one in
 * 64 has come or gone.
 */
bool sweep_is_due_at_peak(const struct ledger *ledger);

/*
 * Under the lock: closes the place of the last process that the one in `parent`
 * made, if it is gone. Most programs that make one after the other wait for
 * each; a look at all is 3 us, this a tenth.
 */
void sweep_last_child(struct ledger *ledger, uint32_t parent);

/* Return: whether there was a wish, so that trying again makes sense. */
bool sweep_if_wished(struct ledger *ledger, struct sweep *sweep);

/* Closes the slots of dead processes. Return: how many. */
uint32_t sweep_dead(struct ledger *ledger, enum sweep_kind kind);

#endif
