/*
 * step_signals.h - a step's signals, sent to every process of a budget.
 *
 * Owns:    the slots' owed_signal; alone signals the members of a tree.
 * Called:  breach (what a step sends), watchdog (pays what its process is owed),
 *          lifecycle at the end of a process.
 * Context: async-signal-safe, never allocates, leaves errno alone, never under
 *          the ledger's lock; KILL and a signal to the own process may not return.
 * Fork:    nothing, because all state is in the ledger.
 *
 * `self` is the caller's slot, or LEDGER_NONE for a supervisor.
 *
 * An account's first process is told first, and the others die no sooner: it
 * often waits for them, and would take an end by a step for a failure of theirs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_STEP_SIGNALS_H
#define RL_CORE_STEP_SIGNALS_H

#include <stdbool.h>

#include "../contract/ledger_layout.h"

/* Sends `signal` to every member but the caller's own process, which owes it to itself. */
void step_signals_send(struct ledger *ledger, uint32_t account, uint32_t self, int signal);

/*
 * Sends the calling process, in slot `self` if it has one, the signal that a step owes it.
 * `prepare_end` may be NULL; it sees to what comes before an end by that signal. Return of
 * it: whether the calling thread can die of the signal for its process.
 */
void step_signals_pay_owed(struct ledger *ledger, uint32_t self, bool (*prepare_end)(int signal));

/*
 * Waits, for some 13 ms at the most, until a step that is on its way has reached the first processes of the
 * budgets of the process in slot `self`, which is about to end. Context: also a handler of the program's.
 */
void step_signals_let_first_go_first(const struct ledger *ledger, uint32_t self);

/* The signal that runs a member's callback, or 0. Reads files. */
int step_signals_of_callback(const struct ledger *ledger, uint32_t index, uint32_t self);

/* Runs the callback of every member that has one. */
void step_signals_call(struct ledger *ledger, uint32_t account, uint32_t self);

/* Kills every member, the own process last. Returns only to a supervisor. */
void step_signals_kill(struct ledger *ledger, uint32_t account, uint32_t self);

#endif
