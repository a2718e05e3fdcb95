/*
 * environment_loan.h - a complete `environ` for as long as libc reads it itself.
 *
 * Owns:    the value of `environ` between a loan and its end.
 * Called:  interpose_spawn around system, popen and wordexp, which start a shell
 *          with the program's environ and let nobody give them another.
 * Context: any thread; not async-signal-safe, as the three are not.
 * Fork:    environment_loan_fork(): a child forked in the middle ends the loan.
 *
 * A program that cleared its environment finds it as it was afterwards. While
 * a loan lasts other threads see our two variables in it, as they did at the
 * start. Its memory is never freed, because they may be reading it; it is used
 * again as long as the program's own environment stays the same.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_ENVIRONMENT_LOAN_H
#define RL_PRELOAD_ENVIRONMENT_LOAN_H

#include <stdbool.h>

#include "forkguard.h"

/* Completes `environ` if need be. Return: whether environment_take_back() must follow. */
bool environment_lend(void);
void environment_take_back(void);

/* Whether a thread has it, or is about to. */
bool environment_is_lent(void);

void environment_loan_fork(enum fork_side side);

#endif
