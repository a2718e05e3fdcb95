/*
 * progress.h - when a tree last got on: what it told, and what it wrote.
 *
 * Owns:    the accounts' progress_ns, output_seen and date_ahead_ns.
 * Called:  meter_idle; slots for those that die; stops for those that go on;
 *          accounts when clocks begin.
 * Context: with the ledger's lock or without: the members are atomic and only
 *          rise. Looking for output reads files, so it is done without the
 *          lock. Async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * A process tells by reslimit_progress(), which stores the time in its slot.
 * Output is seen from outside, because what libc's stdio writes passes no hook.
 * A file carries the time of its last write. Pipes, terminals and sockets do
 * not: there every byte that their processes write, to anything, counts as
 * output, at the time of the look that finds more of them.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PROGRESS_H
#define RL_CORE_PROGRESS_H

#include "../contract/ledger_layout.h"

/* Before the first look for output. Context: any thread; async-signal-safe. */
void progress_note_date(struct account *account);

/* Notes progress at a time of CLOCK_MONOTONIC, unless a later one is known. */
void progress_note(struct account *account, int64_t at_ns);

/* CLOCK_MONOTONIC of the last progress that is known, at the latest the account's start. */
int64_t progress_last_ns(const struct ledger *ledger, uint32_t account);

/*
 * Looks for output of all members that the process in slot `self` can see, and
 * notes it. Return: whether some of it carries no time, so that it must be looked for often.
 */
bool progress_look_for_output(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns);

#endif
