/*
 * clone_thread.h - a thread, or a process in our memory, that neither libc nor our own hooks know.
 *
 * Owns:    nothing.
 * Called:  timer_thread; the supervisor, which counts its program itself.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CLONE_THREAD_H
#define RL_CORE_CLONE_THREAD_H

#include <sys/types.h>

/*
 * clone(2) with a new stack on which `function` runs with `argument`; when it
 * returns, the thread ends. `stack_top` is aligned to 16 bytes; the words below
 * it are used. What `flags` do not ask for, `tls` and `tid`, may be NULL.
 * Context: any thread, async-signal-safe. Return: the tid or -errno.
 */
pid_t clone_thread(unsigned long flags, void *stack_top, void (*function)(void *), void *argument, void *tls,
		   _Atomic int *tid);

#endif
