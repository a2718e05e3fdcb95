/*
 * top_rows.h - guarded trees as the rows of a table, or as lines of JSON.
 *
 * Owns:    nothing.
 * Called:  cmd_top.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_TOP_ROWS_H
#define RL_TOOLS_TOP_ROWS_H

#include <stdio.h>

#include "ledgers.h"

/*
 * The table as text, no wider than `width` columns (0: as wide as it gets).
 * Return: the text, to be freed, or NULL for want of memory.
 */
char *top_rows_table(const struct ledgers *ledgers, int width);

/* One object a line. */
void top_rows_json(const struct ledgers *ledgers, FILE *to);

#endif
