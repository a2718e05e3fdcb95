/*
 * interpose_process.h - a place for a process that is about to be made.
 *
 * Owns:    nothing.
 * Called:  interpose_process, interpose_spawn, interpose_clone, interpose_syscall,
 *          interpose_daemon, vfork_<arch>.S.
 * Context: any thread, async-signal-safe, vfork child.
 * Fork:    nothing: see the .c file.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_PROCESS_H
#define RL_PRELOAD_INTERPOSE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "contract/ledger_layout.h"

/* Reserves a slot, or notes the refusal. Return: the slot or LEDGER_NONE. */
uint32_t process_reserve(const char *call, enum slot_claim claim, const void *caller);

/* Binds the slot to the child, or takes it back if there is none (child < 0). */
void process_settle(uint32_t slot, pid_t child);

/*
 * Binds the slot that the thread `maker` reserved to the calling process, a child that shares its maker's
 * memory and knows itself before that. Context: needs no thread-local words.
 */
void process_settle_self(uint32_t slot, pid_t maker);

/* Before a place is given back whose child the kernel refused to make: there never was one. */
void process_forget(uint32_t slot);

/*
 * The same for CLAIM_ONCE, where the child may have been faster and have chosen another, or be over already
 * (0). The call began at since_ns (CLOCK_BOOTTIME), before the reservation.
 */
void process_settle_claim(uint32_t slot, pid_t child, int64_t since_ns);

/* The same where the pid cannot be learnt: the place is the child's, if it looks for one. */
void process_let_go(uint32_t slot);

/* Returns a place of CLAIM_HELD: the call is over and its children are dead. */
void process_end_held(uint32_t slot);

/*
 * What fork() does about `make`, which is fork-like: it returns the child's
 * pid, 0 in a child whose memory is a copy, or -1 with errno.
 * Context: as `make`. Return: what `make` returned, or -1 with EAGAIN.
 */
pid_t process_fork(pid_t (*make)(const void *context), const void *context, const char *call,
		   const void *caller);

/*
 * First in a child whose memory is a copy but whose thread-local words may be others (CLONE_SETTLS): the
 * slot, and who reserved it for which account.
 */
void process_tell_child(uint32_t slot, pid_t maker, uint32_t account);

/* The same and the child's part of a fork, when the child does not return from `make`. */
void process_become_child(uint32_t slot, pid_t maker, uint32_t account);

/* vfork's halves, for the assembler stub. Return: 0 to go on, or -1 with errno; what vfork() returns. */
long process_vfork_prepare(const void *caller);
pid_t process_vfork_return(long result);

#endif
