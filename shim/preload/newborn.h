/*
 * newborn.h - what a forked child has to know of its accounts, found out by its maker.
 *
 * Owns:    one static, of a child whose maker has not looked.
 * Called:  interpose_process before a fork; the modules of forkguard in the child.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    the maker's lies on its stack, of which the child has a copy.
 *
 * The kernel maps a file's pages, and the ledger's, anew in each child: the first word
 * that a child reads of an account costs it 3 us, its maker nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_NEWBORN_H
#define RL_PRELOAD_NEWBORN_H

#include <stdbool.h>
#include <stdint.h>

#include "backstop.h"

struct newborn {
	bool is_watched;       /* needs a watchdog */
	bool can_wait;	       /* though not at once */
	bool is_traced;	       /* the timeline is to have it */
	bool tells_progress;   /* to a limit that looks at it */
	int64_t deadline_ns;   /* the nearest, CLOCK_MONOTONIC; INT64_MAX: none */
	struct backstop after; /* behind the last steps */
};

/* What the process that will be in `slot` is to know. */
void newborn_look(struct newborn *newborn, uint32_t slot);

/* The same of the calling process, whose slot is known by now: a child. */
const struct newborn *newborn_self(void);

#endif
