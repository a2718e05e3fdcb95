/*
 * leftovers.h - ledgers whose trees are gone: found and removed by the next start.
 *
 * Owns:    nothing.
 * Called:  ledger_file, when it has made a ledger.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * Numbers of processes do not tell whether a tree is gone: in another pid
 * namespace they mean others. A lease does: the kernel grants it only for a
 * file that nobody has open or mapped, wherever he lives. What then can still
 * come back is a program between its exec and our start, which a mark in its
 * slot shows, or one that does not load us and may execute one that does: it
 * has the ledger's path in its environment. Of a ledger of another version the
 * slots cannot be read; then every process of this user is asked for that.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEFTOVERS_H
#define RL_CORE_LEFTOVERS_H

#include <stddef.h>
#include <sys/types.h>

/* Removes those in `directory` whose names begin with `prefix`. */
void leftovers_remove(const char *directory, const char *prefix);

/* The number of the process that made the ledger of that name, or 0; the prefix is what all of a user's begin
 * with. */
pid_t leftovers_maker(const char *name, size_t prefix_len);

#endif
