/*
 * resume_call.h - a system call that a signal of ours has interrupted goes on as if there had been none.
 *
 * Owns:    nothing.
 * Called:  late_start, in its handler.
 * Context: a signal handler, on whatever stack; async-signal-safe, never allocates, leaves errno alone. May
 *          take as long as the call has left.
 * Fork:    nothing, because there is no state.
 *
 * SA_RESTART is for calls that wait without an end. Where the end is a time the kernel keeps it, for the
 * case that no handler runs, and forgets it when one returns: so sleeps and poll() are taken up
 * by restart_syscall(2) before that. Calls that keep their time in memory or have none are made again. What
 * remains is epoll_wait() with a time, which a stop interrupts too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_RESUME_CALL_H
#define RL_PRELOAD_RESUME_CALL_H

/* `context`: the handler's third parameter. */
void resume_call(void *context);

#endif
