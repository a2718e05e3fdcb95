/*
 * on_limit.c - reslimit_on_limit(); see reslimit.h.
 *
 * Owns:    nothing; callback.c does.
 * Called:  the program.
 * Context: any thread, not a signal handler.
 * Fork:    nothing, because callback.c carries the state.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>

#include "api/reslimit.h"
#include "core/attrs.h"
#include "preload/callback.h"

#undef reslimit_on_limit

RL_EXPORT int reslimit_on_limit(void (*callback)(const struct reslimit_event *event, void *arg), void *arg)
{
	int error = callback_register(callback, arg);

	if (!error)
		return 0;
	errno = -error;
	return -1;
}
