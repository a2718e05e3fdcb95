/*
 * stacks_look.h - what one look at the threads of a tree found.
 *
 * Owns:    nothing; the one struct look is that of stacks.c.
 * Called:  stacks, stacks_process, stacks_text.
 * Context: as stacks.h says.
 * Fork:    nothing, because a child begins anew.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_STACKS_LOOK_H
#define RL_CORE_STACKS_LOOK_H

#include "fmt.h"
#include "modules.h"
#include "stacks.h"
#include "tasks.h"
#include "unwind.h"

enum { STACKS_MAX = 48, STACK_NAMES = 128 };

struct frame {
	uint32_t name; /* index in look.names */
	uint64_t offset;
};

struct stack {
	int task; /* index in look.tasks */
	int count;
	uint8_t guessed_from;
	struct frame frame[UNWIND_FRAMES];
};

struct look {
	struct tasks tasks;
	int64_t until_ns;
	int processes;	/* that were looked at */
	bool may_trace; /* in a process of its own */
	bool refused;	/* tracing was, somewhere */
	/* Both in order with each other: of who writes and who stops waiting one sees the other. */
	_Atomic uint32_t is_written; /* at this moment; written by who walks */
	_Atomic uint32_t is_closed;  /* nobody waits for more; written by who reads */
	int stack_count;	     /* chosen threads, the most interesting first */
	struct stack stack[STACKS_MAX];
	int name_count;
	char names[STACK_NAMES][MODULE_NAME];
};

/* stacks_walk.c: fills in the stacks of the chosen threads. Context: watchdog, or the process made for it. */
void stacks_walk(struct look *look);

/*
 * stacks_process.c: the same in a process that may trace, if one can be made. It may stay behind, for threads
 * that were asked to stop and have had no processor yet: see stacks_tidy().
 */
void stacks_walk_apart(struct look *look, stacks_make_process *maker);

/* "spinning", "blocked" or "mixed". */
const char *stacks_activity(const struct look *look);

/* stacks_text.c: the account's pieces for the record; the whole as text for people. */
void stacks_put_pieces(struct account *account, const struct look *look, const char *step);
void stacks_put_text(struct fmt *f, const struct account *account, const struct look *look, const char *step);

#endif
