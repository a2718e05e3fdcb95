/*
 * oom.h - whether the kernel's out-of-memory killer struck between two looks.
 *
 * Owns:    nothing; struct oom is the caller's.
 * Called:  the supervisor.
 * Context: one thread.
 * Fork:    nothing, because there is no state.
 *
 * The kernel says of no death that it was the killer's work, but it counts: for
 * the cgroup that we are in, and for the machine. A count that did not move
 * says no with certainty; one that did says that it may have been our program.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_OOM_H
#define RL_TOOLS_OOM_H

#include <stdint.h>

struct oom {
	int64_t cgroup, machine; /* -1: cannot be read */
};

enum oom_answer {
	OOM_NO,
	OOM_HERE,    /* in our cgroup */
	OOM_UNKNOWN, /* somewhere, or it cannot be told */
};

/* Notes the counts as they are now. */
void oom_look(struct oom *before);

/* Whether they have risen since. */
enum oom_answer oom_ask(const struct oom *before);

#endif
