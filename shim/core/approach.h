/*
 * approach.h - the last moments before a limit of time, which the watchdog passes awake.
 *
 * Owns:    on which processors the watchdog's thread may run while it stays
 *          beside the first thread.
 * Called:  meter_time, for limits on which the own process acts first; watchdog,
 *          before it sleeps; seccomp, before a filter (approach_forbid).
 * Context: the watchdog's thread; reads files, so never under the ledger's lock.
 *          Never allocates, leaves errno alone.
 * Fork:    nothing, because the child's watchdog is another thread.
 *
 * A sleep ends some tens of microseconds late, and what the step looks at is by
 * then in no cache. Both are got over with before the limit: for a quarter of a millisecond.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_APPROACH_H
#define RL_CORE_APPROACH_H

#include "../contract/ledger_layout.h"

struct watchdog;

/* Whether this watchdog acts first for the account and may stay awake before its limits. */
bool approach_is_ours(const struct watchdog *watchdog, const struct account *account);

/* Looks at what a step would look at, unless it has just done so. Return: whether that took time. */
bool approach_rehearse(struct watchdog *watchdog, int64_t now_ns);

/* How long before a wall deadline the watchdog wakes up: what a sleep is late by, and the rehearsal. */
enum { APPROACH_NS = 250000 };

/* Rehearses, then waits awake for a wall deadline that is near, or until somebody asks for something. */
void approach_await(struct watchdog *watchdog, int64_t deadline_ns, int64_t now_ns);

/*
 * Moves to the processor of a first thread that runs, if the watchdog comes first there. While it is awake a
 * program of one thread stands still then, and what the watchdog uses is all that is used. And the kernel,
 * when it ends both, need not wake another processor for that, or have it forget their memory.
 */
void approach_go_beside_first(void);
bool approach_is_beside_first(void);

/* Before a sleep: if it is a long one, the thread may run wherever it did. */
void approach_leave(int64_t sleep_ns);

/*
 * Before a filter of system calls that kills for what is done here and only makes the end more precise: no
 * such calls any more. Context: any thread.
 */
void approach_forbid(bool forbid);
bool approach_is_forbidden(void);

/* A new thread runs where its maker does. */
void approach_init(void);

#endif
