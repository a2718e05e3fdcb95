/*
 * filter_program.h - what a seccomp filter would answer to a system call.
 *
 * Owns:    nothing.
 * Called:  seccomp, before the program installs a filter.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 *          The program is read by process_vm_readv: a bad pointer is no fault.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_FILTER_PROGRAM_H
#define RL_CORE_FILTER_PROGRAM_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdbool.h>

#include "peek.h"

/*
 * Runs a filter, as the kernel would for that call.
 * Return: its answer, SECCOMP_RET_*; SECCOMP_RET_ALLOW for a program that the kernel would not take.
 */
uint32_t filter_program_run(struct peek *peek, const struct sock_fprog *program,
			    const struct seccomp_data *call);

/* Whether the call is not made. Of one that a supervising process decides nobody knows: no. */
bool filter_answer_is_refusal(uint32_t answer);

/* Whether an answer ends the caller, or surprises it with a signal. */
bool filter_answer_is_fatal(uint32_t answer);

#endif
