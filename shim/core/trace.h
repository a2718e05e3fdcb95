/*
 * trace.h - a timeline: one line of JSON per event, and per sample.
 *
 * Owns:    the accounts' trace_next_ns; the file is opened for each line.
 * Called:  startup, member, lifecycle, denial, breach, record, sweep for events;
 *          the watchdog for samples; the supervisor for ends.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          trace_sample() takes the ledger's lock, but not while it reads files.
 * Fork:    nothing, because all state is in the ledger.
 *
 * A line is one write to a file opened for appending, so that all processes
 * of a tree may write. An account's events also go to those above it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_TRACE_H
#define RL_CORE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "../contract/ledger_layout.h"

/* A key with its text, or with its number if there is no text. */
struct trace_item {
	const char *key;
	const char *text;
	int64_t number;
};

/* Writes a line for the account and for each above it that is traced. */
void trace_items(const struct ledger *ledger, uint32_t account, const char *event,
		 const struct trace_item *items, size_t count);

#define trace_event(ledger, account, event, ...)                                                             \
	trace_items((ledger), (account), (event), (const struct trace_item[]){__VA_ARGS__},                  \
		    sizeof((const struct trace_item[]){__VA_ARGS__}) / sizeof(struct trace_item))

/* The calling process, by its number, its parent's and its program's name: a start, an exec, a fork. */
void trace_process(const struct ledger *ledger, uint32_t account, const char *event);

/*
 * The end of the process in `slot`, which it could not tell itself; once. `code` is its exit code
 * or, with `by_signal`, the signal that ended it.
 */
void trace_exit(struct ledger *ledger, uint32_t slot, int code, bool by_signal);

/* The same of a process `pid` of `account` that left its place without a word: how it ended is not known. */
void trace_lost(const struct ledger *ledger, uint32_t account, pid_t pid);

/* Whether an account or one above it is traced. */
bool trace_is_on(const struct ledger *ledger, uint32_t account);

/*
 * Writes a sample of a traced account, if one is due and nobody else does it.
 * Return: CLOCK_MONOTONIC ns of the next look; INT64_MAX if it is not traced.
 */
int64_t trace_sample(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns);

#endif
