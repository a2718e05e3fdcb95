/*
 * grades.h - what the byte budget of an account lends, by degrees: MEM and
 * MEM_GROWTH, spikes up to MEM_HARD, and RESERVE.
 *
 * Owns:    the accounts' grade members, from mem_grace_ns on.
 * Called:  accounts and leases when bytes are drawn or given back, denial,
 *          cells, record, startup; the watchdog (meter_mem).
 * Context: under the ledger's lock unless said otherwise; async-signal-safe,
 *          never allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * Spikes. While no more than MEM is charged, threads hold credit as always,
 * and never more than MEM is leased. A charge that would pass MEM first takes
 * all unused credit of others, so that what is leased is what is charged; it
 * then draws exactly what it needs, and leaves every cell of the account
 * frozen and empty (cells.c). So while the sum is above MEM each malloc and
 * each free takes the lock, the crossing back is seen in the very call that
 * makes it, and below MEM nothing costs more than without a grace.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_GRADES_H
#define RL_CORE_GRADES_H

#include "../contract/ledger_layout.h"
#include "config.h"

/* Sets the members of an account that is opened: from the settings, or for a sibling of its model. */
void grades_open(struct account *account, const struct config *config);
void grades_open_sibling(struct account *account, const struct account *model);

/* The account's first process is at main with so many bytes live: growth counts from there. */
void grades_begin(struct account *account, int64_t bytes);

/* Bytes that the account may still lend without exceeding MEM; below zero in a spike. */
int64_t grades_left(const struct account *account);

/* What a request may make of an account that keeps to MEM. */
enum grades_spike {
	SPIKE_RUNNING, /* only where it is above MEM already */
	SPIKE_NEW,     /* also by this request */
};

/* Whether every account from `index` up lends n bytes more, with the help of spikes. */
bool grades_admit(const struct ledger *ledger, uint32_t index, int64_t n, enum grades_spike spike);

/* Whether an account from `index` up allows spikes at all. */
bool grades_allow_spikes(const struct ledger *ledger, uint32_t index);

/* Whether one of them is above MEM, so that no credit may be held. */
bool grades_are_tight(const struct ledger *ledger, uint32_t index);

/* After each change of the account's lease: notes the crossing of MEM, either way. */
void grades_follow(struct account *account);

/* The limit that leaves the least, and the bytes that may be charged under it now. */
enum limit_id grades_limit(const struct account *account);
int64_t grades_ceiling(const struct account *account);

/* After a refusal by this account: from now on RESERVE may be used too. */
void grades_open_reserve(struct account *account);

/*
 * The earliest time at which the steps of a spike may be due, CLOCK_MONOTONIC
 * ns; INT64_MAX: none. Context: any thread, without the lock.
 */
int64_t grades_due_ns(const struct ledger *ledger, uint32_t index);

#endif
