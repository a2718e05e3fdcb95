/*
 * roots.h - budgets that begin with a program of a certain name: RESLIMIT_ROOT.
 *
 * Owns:    nothing.
 * Called:  startup, before main.
 * Context: one thread; never allocates, leaves errno alone.
 * Fork:    nothing, because a child is in its parent's budget.
 *
 * A program has up to three names: what was executed (for a script, the
 * script), argv[0], and the file that it is. A pattern with a '/' is about
 * the whole path of the first or the last.
 *
 * A program that the pattern does not name has an account too, without limits
 * and without a record: it keeps where the records of those below it go.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_ROOTS_H
#define RL_PRELOAD_ROOTS_H

#include "contract/ledger_layout.h"
#include "core/config.h"

/*
 * Lifts the pattern from settings that then are this program's own, and names
 * the run after the program if it has no name. Return: whether it did.
 */
bool roots_enter(struct config *config);

/*
 * Whether the process in `slot` is to begin a budget: new settings do; those that it
 * inherited only in a program that the pattern names, once in its life.
 */
bool roots_begin_budget(const struct ledger *ledger, uint32_t slot, struct config *config);

/* A descriptor that was only inherited by its number belongs to the outer record. */
void roots_drop_inherited_fds(const struct account *outer, struct config *config);

/* Where records and lines go, in the words and as the descriptors that the account `from` was opened with. */
void roots_take_sinks(struct config *config, const struct account *from);

/* The same of the descriptors, whatever has their numbers now; under the ledger's lock, in the new accounts.
 */
void roots_take_descriptors(struct ledger *ledger, uint32_t slot, const struct account *from);

#endif
