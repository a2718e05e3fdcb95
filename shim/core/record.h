/*
 * record.h - the status record: one JSON line at the end of an account.
 *
 * Owns:    the private copies of the status descriptors; alone writes them.
 * Called:  lifecycle (hold), interpose_exit, fatal, breach (end).
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          takes the ledger's lock.
 * Fork:    nothing: a child inherits the descriptors, and is the first process
 *          of no account, so it never writes there.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RECORD_H
#define RL_CORE_RECORD_H

#include "../contract/ledger_layout.h"
#include "../contract/record.h"
#include "fmt.h"

/* A file's name as RESLIMIT_STATUS_FILE gives it: %p is the first process's pid, %n the name, %% a percent
 * sign. */
void record_expand_path(struct fmt *f, const struct account *account, const char *pattern);

/* How a process ends: by a signal, or else with an exit code. */
struct record_ending {
	int signal; /* 0: none */
	int exit_code;
};

/* What the shim found out about its place in the program, for "coverage". */
void record_set_heap_coverage(const char *word);

/*
 * Keeps a private copy of an account's status descriptor, out of the program's
 * way, so that it survives a close() of the original.
 */
void record_hold(struct ledger *ledger, uint32_t account);

/* Gives the calling thread a descriptor table of its own, with nothing but the copies in it, if the kernel
 * lets it. */
void record_take_private_files(const struct ledger *ledger);
/* How many such copies the program has among its descriptors. */
int record_count_descriptors(const struct ledger *ledger);

/* Lets the copies survive an exec that is about to come, or not, if it failed. */
void record_keep_over_exec(bool keep);

/* Whether the end of the process in `slot` is to be recorded anywhere. */
bool record_is_due(const struct ledger *ledger, uint32_t slot);

/*
 * Writes the record of each account whose first process is the one in `slot`
 * and which has none yet. Called again, it does nothing.
 */
void record_process_end(struct ledger *ledger, uint32_t slot, const struct record_ending *ending);

#endif
