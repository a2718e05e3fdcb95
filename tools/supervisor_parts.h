/*
 * supervisor_parts.h - the parts of the supervisor, in the order of their use.
 *
 * Owns:    nothing.
 * Called:  supervisor.c and each other.
 * Context: one thread, may allocate.
 * Fork:    see each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_SUPERVISOR_PARTS_H
#define RL_TOOLS_SUPERVISOR_PARTS_H

#include "supervisor.h"

/*
 * supervisor_budget.c: a ledger, or the one that we were started under, and the accounts.
 * Return: 0, or -1 after a complaint.
 */
int supervisor_open_budget(struct supervisor *s);

/* Where an outer budget has no place for a process beside ours. Return: what supervisor_run() returns. */
int supervisor_step_aside(struct supervisor *s);

/* Gives the accounts back, and removes the ledger if it is ours. */
void supervisor_close_budget(struct supervisor *s);

/* supervisor_signals.c: from here on signals are read, not delivered. Return: 0, or -1 after a complaint. */
int supervisor_watch_signals(struct supervisor *s);

/* In the child, before exec: signals as we found them. Context: async-signal-safe. */
void supervisor_restore_signals(const struct supervisor *s);

/* supervisor_leash.c: makes the pipe, with room for all; nothing if orphans may stay. Return: 0 or -errno. */
int supervisor_make_leash(struct supervisor *s);

/*
 * Once the program is on its way: puts the writing end where it is closed first, takes hold of the program
 * and opens the socket for the leashes of its children.
 */
void supervisor_raise_leash(struct supervisor *s);

/* Takes hold of every process that came, and lets go of those that went. */
void supervisor_hold_members(struct supervisor *s);

/* Lets go of all. */
void supervisor_drop_leash(struct supervisor *s);

/* supervisor_tracer.c: before a step, threads that run get a stack too. */
void supervisor_prepare_stacks(void);

/* supervisor_start.c: remembers which turn on a processor the program is to have. */
void supervisor_note_turn(struct supervisor *s);

/* Makes the program's process. Return: 0, or the exit status after a complaint. */
int supervisor_start(struct supervisor *s);

/*
 * supervisor_output.c: opens files for captured output. Return: 0, or -1 after a complaint.
 */
int supervisor_open_output(struct supervisor *s);

/* Before there are children that the sweep would look at: who cares for the terminal. */
void supervisor_prepare_output(struct supervisor *s);

/* Once the program has started: reads its output, draws gauges. Return: 0, or the exit status after a
 * complaint. */
int supervisor_start_output(struct supervisor *s);

/* Leaves the terminal to others until the next drawing. */
void supervisor_pause_output(struct supervisor *s);

/* Once the tree is gone: what is left in the pipes, and the words for the record. */
void supervisor_finish_output(struct supervisor *s);
void supervisor_close_output(struct supervisor *s);

/* supervisor_reap.c: takes note of every child that died, stopped or went on. */
void supervisor_reap(struct supervisor *s);

/* Moves the deadlines by the time that the program has stood still. */
void supervisor_credit_stop(struct supervisor *s);

/* supervisor_sweep.c: remembers children that are not the program's. */
void supervisor_note_others(struct supervisor *s);

/* Ends, or only names, what outlived the program. */
void supervisor_sweep(struct supervisor *s);

/* supervisor_end.c: writes the record. */
void supervisor_write_record(struct supervisor *s);

/* The exit status that tells how it ended; with --raise it may not return. */
int supervisor_exit_status(const struct supervisor *s);

#endif
