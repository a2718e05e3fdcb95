/*
 * vacancy.h - the place and the cell of a thread that has ended, left to the next one of its process.
 *
 * Owns:    slot.vacant.
 * Called:  interpose_thread; slots, before a budget refuses; whoever asks how many threads there are.
 * Context: async-signal-safe, never allocates, leaves errno alone.
 * Fork:    the child's slot has none.
 *
 * A thread that is counted out, and the next one in, is six system calls of
 * about twenty, because each takes the ledger's lock. So one place of a
 * process stays counted when its thread has gone, and its cell attached: to
 * all others that is a thread that does nothing. The cell's number stands in
 * the slot, and who exchanges it for 0 owns both.
 *
 * Before a budget refuses anybody, and before a peak would rise, the places
 * are given back, and only the cells stay. That is one bit of the same word,
 * so that nothing is lost with who is killed in the middle: all that it leaves
 * to do is to add up the accounts anew.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_VACANCY_H
#define RL_CORE_VACANCY_H

#include <stdbool.h>

#include "../contract/ledger_layout.h"

/* Of slot.vacant, which otherwise is 1 + the number of the cell: the place was given back. */
enum { VACANCY_OF_CELL = 1U << 31 };

/* Whether the process has no such cell yet. Context: without the lock. */
bool vacancy_is_wanted(const struct ledger *ledger, uint32_t slot);

/*
 * Leaves the calling thread's cell, which it will not use again, and its
 * place. Context: without the lock. Return: false if the process has such a
 * cell already: then both are to be given back.
 */
bool vacancy_leave(struct ledger *ledger, uint32_t slot, struct cell *cell);

/* For another thread, whose place is counted then. Context: without the lock. Return: the cell, or NULL. */
struct cell *vacancy_take(struct ledger *ledger, uint32_t slot);

/* Under the lock: gives the places back that are vacant anywhere in the tree. */
void vacancy_give_back_places(struct ledger *ledger);

/* Under the lock, by a thread of that process: gives back the cell of which another has given back the place.
 */
void vacancy_settle(struct ledger *ledger, uint32_t slot);

/* Threads beside the first of a process that its accounts count. */
int64_t vacancy_counted_threads(const struct slot *slot);

/* Threads beside the first that there are: in a process, in an account. */
int64_t vacancy_threads_of(const struct slot *slot);
int64_t vacancy_threads_in(const struct ledger *ledger, uint32_t account);

#endif
