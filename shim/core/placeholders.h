/*
 * placeholders.h - %p and %n in the names of files that a run writes.
 *
 * Owns:    nothing.
 * Called:  record, trace, stacks.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PLACEHOLDERS_H
#define RL_CORE_PLACEHOLDERS_H

#include "../contract/ledger_layout.h"
#include "fmt.h"

/* Appends `pattern` with the account's first pid for %p, its name for %n, and a percent sign for %%. */
void placeholders_expand(struct fmt *path, const char *pattern, const struct account *account);

#endif
