/*
 * signal_state.h - would that process take that signal?
 *
 * Owns:    nothing.
 * Called:  breach and step_signals, before a step; fatal; meter_time.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          reads files, so never under the ledger's lock.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SIGNAL_STATE_H
#define RL_CORE_SIGNAL_STATE_H

#include <stdbool.h>
#include <sys/types.h>

/*
 * Whether the process ignores the signal, or each of its threads blocks it. A
 * thread that waits for it in sigwait() does not block it. Where /proc does
 * not tell, the answer is no.
 */
bool signal_state_is_refused(pid_t pid, int signal);

/* Whether the process has a handler for the signal, so that it cannot die of it. */
bool signal_state_is_handled(pid_t pid, int signal);

/*
 * Whether the calling process would die of a signal that is at SIG_DFL and sent
 * to it as a whole: its first thread, which the kernel asks first, does not block
 * it and does not wait for it in sigwait(). In doubt: no.
 */
bool signal_state_is_deadly(int signal);

/* The processor that the calling process's first thread has or waits for; -1: it does not run, or nobody
 * knows. */
int signal_state_processor_of_first(void);

/* The same without an answer, ahead of time: the first look at each file costs several times what the next
 * does. */
void signal_state_rehearse(void);

#endif
