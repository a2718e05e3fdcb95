/*
 * newborn.h - a forked child that does as little as it can until it is known to stay.
 *
 * Owns:    one static, of a child whose maker has not looked; the newborn's words in struct thread.
 * Called:  interpose_process around a fork; the modules of forkguard in the child;
 *          before anything that a newborn asks of us (member_is_guarded()).
 * Context: the only thread of a process that has just been forked, its signal handlers too;
 *          async-signal-safe, never allocates, leaves errno alone.
 * Fork:    what the maker found lies on its stack, of which the child has a copy.
 *
 * Most forked children execute another program at once. The kernel maps a file's
 * pages, and the ledger's, anew in each child, and copies each page of variables that it
 * writes to: each is 2 or 3 us, of 330 that fork, exec and wait of a static program
 * take. So the maker looks up for the child what that has to know. What the child does
 * itself, before fork() returns, is to take its place in the tree, as its maker may be
 * killed any moment, and to have the kernel arm its timers. struct member and all else
 * still tell of the maker then. They are put right before the child asks for the first
 * thing that is guarded, or when a timer calls; an exec needs none of it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_NEWBORN_H
#define RL_PRELOAD_NEWBORN_H

#include <stdbool.h>
#include <stdint.h>

#include "backstop.h"

struct newborn {
	bool can_put_off;      /* all that is not done before fork() returns */
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

/* In the child, at once. Return: false if it is not to wait with the rest. */
bool newborn_begin(const struct newborn *newborn, uint32_t slot);

/* The rest, before anything that needs it. */
void newborn_grow_up(void);

/* In a child that was made in a handler: what that interrupted is its maker's. */
void newborn_forget_maker(void);

/* Around an exec of a newborn: nothing begins in the middle of it. */
void newborn_begin_exec(void);
void newborn_end_exec(void);

#endif
