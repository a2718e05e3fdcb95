/*
 * interpose_process.h - a place for a process that is about to be made.
 *
 * Owns:    nothing.
 * Called:  interpose_process, vfork_<arch>.S.
 * Fork:    nothing: see the .c file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_PROCESS_H
#define RL_PRELOAD_INTERPOSE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

/*
 * Reserves a slot, or notes the refusal.
 * Context: any thread, async-signal-safe, vfork child. Return: the slot or LEDGER_NONE.
 */
uint32_t process_reserve(const char *call, const void *caller);

/* Binds the slot to the child, or returns it if there is none (child <= 0). */
void process_settle(uint32_t slot, pid_t child);

/* vfork's halves, for the assembler stub. Return: 0 to go on, or -1 with errno; what vfork() returns. */
long process_vfork_prepare(const void *caller);
pid_t process_vfork_return(long result);

#endif
