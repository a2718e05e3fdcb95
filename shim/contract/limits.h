/*
 * limits.h - the enums that limits.def spells out, and what the values mean.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CONTRACT_LIMITS_H
#define RL_CONTRACT_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

enum limit_id {
#define RL_LIMIT(id, key, kind, action, support, help) RL_##id,
#include "limits.def"
#undef RL_LIMIT
	RL_LIMIT_COUNT
};

/* No limit set. Zero is a limit: none at all. */
#define RL_UNLIMITED INT64_MAX

/* The largest value a limit takes, so that sums of a few never overflow. */
#define RL_LIMIT_MAX (INT64_MAX / 4)

enum { RL_STEPS_MAX = 8 };

/* Steps that refuse the call, or run the program's own callback; every other step is a signal number. */
enum { RL_STEP_DENY = 0, RL_STEP_CALL = -1 };

struct action_step {
	int32_t signal;	   /* RL_STEP_DENY, RL_STEP_CALL or a signal number */
	uint32_t reserved; /* keeps the layout free of holes */
	int64_t delay_ns;  /* until the next step; 0 for the last */
};

struct action {
	uint32_t count;
	uint32_t reserved;
	struct action_step step[RL_STEPS_MAX];
};

/* How a condition compares what it finds with its value. */
enum comparison { RL_AT_MOST, RL_AT_LEAST, RL_BELOW, RL_ABOVE, RL_EQUAL, RL_UNEQUAL };

enum { RL_CONDITIONS_MAX = 8, RL_CONDITION_TEXT = 56 };

/* What must hold: a field of /proc/PID/status, or `fds`, compared with a number. */
struct condition {
	char text[RL_CONDITION_TEXT]; /* as given, without spaces: the field's name comes first */
	uint32_t field_len;
	uint32_t comparison; /* enum comparison */
	int64_t value;	     /* bytes where the field is in kB */
};

struct conditions {
	uint32_t count;
	uint32_t reserved;
	struct condition condition[RL_CONDITIONS_MAX];
};

enum scope { RL_SCOPE_TREE, RL_SCOPE_PROCESS };

/* A limit whose breach is a call that can be refused. */
static inline bool limit_is_deniable(enum limit_id id)
{
	return id == RL_MEM || id == RL_THREADS || id == RL_PROCS || id == RL_MEM_GROWTH;
}

#endif
