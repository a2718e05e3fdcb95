/*
 * callback.h - the program's own callback at a limit: the step `call`.
 *
 * Owns:    the callback, the signal that runs it, the slot's call_signal.
 * Called:  api (registers), member at a refusal, the kernel (the handler).
 * Context: registering: any thread, not a signal handler. Running: the refused
 *          thread at its call, or a signal frame in any thread; keeps errno;
 *          may not return, as the callback may not.
 * Fork:    callback_fork(): the child announces the callback in its own slot.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_CALLBACK_H
#define RL_PRELOAD_CALLBACK_H

#include <stdbool.h>

#include "api/reslimit.h"
#include "core/denial.h"
#include "forkguard.h"

typedef void callback_function(const struct reslimit_event *event, void *argument);

/* Return: 0, -ENOENT without a guard, -EAGAIN without a free signal. */
int callback_register(callback_function *function, void *argument);

bool callback_is_there(void);

/* Runs it in this thread for a step of `account` that breach_take_call() took. */
void callback_run(uint32_t account, const struct denial *denial);

void callback_fork(enum fork_side side);

#endif
