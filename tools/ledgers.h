/*
 * ledgers.h - the guarded trees of this user that are alive.
 *
 * Owns:    the mappings of a struct ledgers, until ledgers_free().
 * Called:  cmd_top.
 * Context: one thread, may allocate.
 * Fork:    nothing, because the commands that use it do not fork.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_LEDGERS_H
#define RL_TOOLS_LEDGERS_H

#include <stddef.h>

#include "contract/ledger_layout.h"

struct ledgers {
	const struct ledger **ledger;
	size_t count;
};

/*
 * Maps each ledger of this user, for reading, that passes the checks of
 * ledger_open() and has a process that lives.
 * Return: 0 or -ENOMEM.
 */
int ledgers_find(struct ledgers *ledgers);

void ledgers_free(struct ledgers *ledgers);

#endif
