/*
 * record.h - the status record: one JSON line at the end of an account.
 *
 * Owns:    the private copies of the status descriptors; alone writes them.
 * Called:  startup (hold), interpose_exec; lifecycle, timer_thread and, before a
 *          KILL, step_signals (end); the supervisor.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          takes the ledger's lock.
 * Fork:    nothing: a child inherits the descriptors, and is the first process
 *          of no account, so it never writes there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RECORD_H
#define RL_CORE_RECORD_H

#include <sys/resource.h>

#include "../contract/ledger_layout.h"
#include "../contract/record.h"

enum { RECORD_SURVIVORS = 8, RECORD_COMM = 16 };

/* A process that outlived the first. */
struct record_survivor {
	pid_t pid;
	char comm[RECORD_COMM];
};

/* What can only be known from outside, once the first process is dead. */
struct record_outside {
	pid_t pid;	/* of the first process */
	int64_t at_ns;	/* its death, CLOCK_MONOTONIC */
	int64_t cpu_ns; /* of the tree, then */
	int64_t mem_end_bytes;
	struct rusage usage; /* of all that died and were waited for */
	bool dumped_core;
	bool may_be_oom;    /* the kernel's out-of-memory killer struck meanwhile, or that cannot be told */
	bool was_oom;	    /* it did strike */
	const char *cgroup; /* the kernel's control group, or why there is none; NULL: not asked for */
	const char *cgroup_walls; /* the limits that it has, in words */
	const char *capture;	  /* JSON: what became of captured output; NULL: none was */
	int exec_error;		  /* the program could not be executed */
	bool is_unguarded;	  /* our library was not loaded */
	bool is_internal;	  /* and that was not allowed, or it could not do its work */
	int survivor_count;	  /* all of them */
	int survivors_named;	  /* in `survivor` */
	int survivors_left;	  /* that could not be ended, or were let go */
	struct record_survivor survivor[RECORD_SURVIVORS];
};

/* How a process ends: by a signal, or else with an exit code. */
struct record_ending {
	int signal; /* 0: none */
	int exit_code;
	const struct record_outside *outside; /* NULL: seen by the process itself */
};

/* What the shim found out about its place in the program, for "coverage". */
void record_set_heap_coverage(const char *word);

/*
 * Keeps a private copy of an account's status descriptor, out of the program's
 * way, so that it survives a close() of the original.
 */
void record_hold(struct ledger *ledger, uint32_t account);

/* Gives the calling thread a descriptor table of its own, with nothing but the copies in it, if the kernel
 * lets it. Return: whether it has. */
bool record_take_private_files(const struct ledger *ledger);

/* How many such copies the program has among its descriptors. */
int record_count_descriptors(const struct ledger *ledger);

/* Whether there are, or were, any. */
bool record_holds_files(void);

/* Lets the copies survive an exec that is about to come, or not, if it failed. */
void record_keep_over_exec(bool keep);

/* Whether the process in `slot` is to record its end anywhere. */
bool record_is_due(const struct ledger *ledger, uint32_t slot);

/*
 * Writes the record of each account whose first process is the one in `slot`,
 * and which has none yet and no supervisor. Called again, it does nothing.
 */
void record_process_end(struct ledger *ledger, uint32_t slot, const struct record_ending *ending);

/* Writes the record of one account: the supervisor's way. Return: whether it reached all that it was for. */
bool record_account_end(struct ledger *ledger, uint32_t account, const struct record_ending *ending);

#endif
