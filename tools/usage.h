/*
 * usage.h - what a guarded tree uses now, for people who look on.
 *
 * Owns:    nothing.
 * Called:  gauges, top_rows.
 * Context: one thread; without the ledger's lock and without a store to the
 *          ledger, which may be mapped for reading only.
 * Fork:    nothing, because there is no state.
 *
 * Figures that change while they are read may not fit each other to the byte.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_USAGE_H
#define RL_TOOLS_USAGE_H

#include <limits.h>

#include "contract/ledger_layout.h"

/* One figure: what is used, the most that was, and what may be. */
struct usage_gauge {
	int64_t used, peak, limit; /* limit is RL_UNLIMITED if there is none; peak -1 if it is not kept */
};

enum usage_state {
	USAGE_RUNS,
	USAGE_REFUSED, /* calls were refused, it goes on */
	USAGE_STEPS,   /* a limit was passed, its steps have begun */
	USAGE_KILLING,
};

struct usage {
	pid_t pid; /* of the process that the account was opened for */
	uint32_t account;
	uint32_t parent;    /* account, LEDGER_NONE at the top */
	const char *name;   /* in the ledger; may be empty */
	char exe[PATH_MAX]; /* empty if that process is gone, or has no number here */
	struct usage_gauge bytes, threads, procs;
	struct usage_gauge wall_ns; /* as RESLIMIT_WALL counts: without time stopped */
	int64_t stopped_ns;	    /* that it left out */
	struct usage_gauge cpu_ns;
	enum usage_state state;
	const char *cause; /* key of the limit, NULL while it runs */
};

/* Reads an account and its processes at `now_ns` (CLOCK_MONOTONIC). */
void usage_read(const struct ledger *ledger, uint32_t account, int64_t now_ns, struct usage *usage);

/* Words for `state`. */
const char *usage_state_name(enum usage_state state);

/* A count, a size as people read it, "12.3M"; a time, "1.2s" or "3:25:07". Return: `text`. */
enum { USAGE_TEXT = 32 };
typedef const char *usage_text(int64_t value, char text[USAGE_TEXT]);
usage_text usage_count_text, usage_size_text, usage_time_text;

#endif
