/*
 * budget.h - charges and returns an amount of bytes for the calling thread.
 *
 * Owns:    nothing; chooses between the thread's cell and the ledger's lock.
 * Called:  heap, ranges, interpose_map, interpose_remap, interpose_segment.
 * Context: any thread, async-signal-safe, vfork child; leaves errno alone; the
 *          slow paths take the ledger's lock.
 * Fork:    nothing, because the ledger and member.c carry all state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_BUDGET_H
#define RL_PRELOAD_BUDGET_H

#include "core/cells.h"
#include "member.h"

/* Before the constructor it only notes n for later. Return: 0 or -ENOMEM. */
int budget_charge(int64_t n);

/* The two slow parts of a charge that the heap's fast path began or must not begin. Return: as in cells.h. */
int budget_settle_charge(struct cell *cell, int64_t n);
int budget_prepare(struct cell *cell, int64_t n);

void budget_refund(size_t size);

/*
 * Charges the most that a call may need, of which a part comes back when it is
 * over: budget_land() after that was returned. Return: 0 or -ENOMEM.
 */
int budget_take_off(int64_t n);
void budget_land(int64_t n);

/* Gives back a charge that nothing used, so it must not show in the peak. */
void budget_return_unused(int64_t n);

#endif
