/*
 * leash.h - when the supervisor dies, the kernel kills its tree.
 *
 * Owns:    nothing; descriptors are the caller's.
 * Called:  own_leash in a guarded process; meter_watch, which does not count
 *          them; the supervisor.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          leash_take() may not return.
 * Fork:    a child's leash is its own: leash_fork() in the shim takes one.
 *
 * The supervisor holds the only writing end of a pipe. A leash is a reading end
 * of it, opened anew, that asks for a signal to one process when something
 * happens to the pipe, the signal being SIGKILL. Nobody ever writes; what
 * happens is that the writing end is closed with the supervisor's death, at
 * whatever instant. No timer, no thread and no handler takes part in it.
 *
 * The supervisor holds one for each process, which the program cannot close.
 * As it learns of a new process a little late, each makes one for itself
 * first and sends it to the supervisor's socket. From there on the kernel keeps
 * it, read or not, until the supervisor dies; what the process closes then makes
 * no difference. Where the socket is out of reach (another network namespace,
 * a filter of system calls) there is only the process's own descriptor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEASH_H
#define RL_CORE_LEASH_H

#include "../contract/ledger_layout.h"

/* Opens the pipe `fd` of process `holder` anew, for `pid`. Return: a descriptor or -errno. */
int leash_open(pid_t holder, int fd, pid_t pid);

/* Closes one without any signal. */
void leash_release(int leash);

/* Whether the process of `slot` has a supervisor that must not be outlived. */
bool leash_is_due(const struct ledger *ledger, uint32_t slot);

/*
 * Takes the calling process's own, as a descriptor above those that programs
 * use, in place of `old`, that of the process that it was forked from (-1: none).
 * If the supervisor is dead already, dies. If `sends`, the supervisor is sent it, and it then holds whatever
 * the process closes, and where the process may have no descriptor so high; the supervisor is not woken for
 * it, unless it has let too many pile up. Return: the descriptor, or -1: then there is the supervisor's only.
 */
int leash_take(const struct ledger *ledger, uint32_t slot, int old, bool sends);

/* How many of the process's descriptors are its own leash. Context: the supervisor. */
int leash_count_in(const struct ledger *ledger, uint32_t slot, pid_t pid);

/* Whether the supervisor does not hold one for this process yet, and so must be told of it. */
bool leash_is_missing(const struct ledger *ledger, uint32_t slot);

#endif
