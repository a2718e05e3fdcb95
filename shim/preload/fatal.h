/*
 * fatal.h - signals that end the process, seen before they do.
 *
 * Owns:    the dispositions that the program left at SIG_DFL.
 * Called:  lifecycle (install), interpose_signal (hide), the kernel (handler),
 *          timer_thread (end).
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

/* Leaves those signals to the kernel: our handler would be fatal before the signal is. */
void fatal_withdraw(void);

/* Lets a signal end the process for a handler that must not make the calls. Context: the timer's thread, no
 * libc. */
void fatal_finish(int signal);

/* An action on its way to the kernel: as the program gave it, or as we need it. */
struct fatal_install {
	struct sigaction action;
	bool is_guarded;
	struct sigaction shadowed; /* the one-shot action that stood there before */
};

/* Before and after `install->action` is given to the real sigaction(). */
void fatal_before_install(int signal, const struct sigaction *action, struct fatal_install *install);
void fatal_after_install(int signal, const struct fatal_install *install);

/* Turns what the kernel holds into what the program would see; `install` may be NULL for a query. */
void fatal_show(int signal, const struct fatal_install *install, struct sigaction *seen);

/*
 * Before a step's signal, if the program left that one at SIG_DFL and would die
 * of it: the record is written, and the signal is fatal to the calling thread.
 * As a handler that would have to wait until the kernel runs the thread that it chose,
 * while the others go on. Return: false if something else comes of the signal, or a core
 * is dumped, which should be that of a thread of the program. Context: the timer thread.
 */
bool fatal_prepare(int signal);

/* Looks, ahead of time, at the files that fatal_prepare() reads: the first look at each costs several times
 * what the next does. */
void fatal_rehearse(void);

bool fatal_is_our_handler(__sighandler_t handler);

#endif
