/*
 * unwind.h - the call stack of a thread, from its registers.
 *
 * Owns:    nothing.
 * Called:  stacks.
 * Context: the watchdog's thread or the process that it starts for stacks;
 *          async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * By call frame information; where there is none, or where it needs a register
 * that is not known, the next word of the stack that follows a call in code is
 * taken for the return address. That and all above it is a guess, and marked.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_UNWIND_H
#define RL_CORE_UNWIND_H

#include "modules.h"
#include "registers.h"

enum { UNWIND_FRAMES = 24, UNWIND_NO_GUESS = 255 };

struct unwind {
	int count;
	uint8_t guessed_from; /* the first frame that is a guess */
	uint64_t pc[UNWIND_FRAMES];
};

/* Walks until the end, UNWIND_FRAMES, or that time (CLOCK_MONOTONIC). */
void unwind_walk(struct unwind *unwind, struct modules *modules, struct peek *peek,
		 struct registers registers, int64_t until_ns);

#endif
