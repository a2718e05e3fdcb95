/*
 * syscall_names.h - system calls by name.
 *
 * Owns:    nothing.
 * Called:  stacks_text.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SYSCALL_NAMES_H
#define RL_CORE_SYSCALL_NAMES_H

/* Return: the name, or NULL for a number that was unknown when this was built. */
const char *syscall_name(long number);

#endif
