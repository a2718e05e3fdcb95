/*
 * fatal.h - signals that end the process, seen before they do.
 *
 * Owns:    the dispositions that the program left at SIG_DFL.
 * Called:  lifecycle (install), interpose_signal (hide), the kernel (handler).
 * Context: the handler: a signal frame on whatever stack, all signals blocked;
 *          async-signal-safe, vfork child.
 * Fork:    nothing: the child inherits the handlers, and they ask who it is.
 *
 * The handler writes the record, restores SIG_DFL and queues the same signal
 * with the same siginfo again. It is delivered when the handler returns, in
 * the context that it first interrupted: wait status, core dump and siginfo
 * are those of a program without us.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_FATAL_H
#define RL_PRELOAD_FATAL_H

#include <signal.h>
#include <stdbool.h>

/* Puts our handler where the disposition is SIG_DFL and that ends the process. */
void fatal_install(void);

/* After the program set SIG_DFL: puts our handler there again. */
void fatal_reinstall(int signal);

/* Whether a disposition that libc returned is ours, which the program must see as SIG_DFL. */
bool fatal_is_ours(const struct sigaction *action);
bool fatal_is_our_handler(void (*handler)(int));

#endif
