/*
 * conditions.h - reads what must hold: VmSwap<=10M;fds<=64.
 *
 * Owns:    nothing.
 * Called:  config; meter_watch for the comparison.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CONDITIONS_H
#define RL_CORE_CONDITIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "../contract/limits.h"
#include "fmt.h"

/* The name that stands for the number of open descriptors; every other is a field of /proc/PID/status. */
#define CONDITION_FDS "fds"

/*
 * Reads a list. Whether a field exists is not known here. On error `why` says
 * what is wrong and what is accepted.
 * Return: 0 or -EINVAL.
 */
int conditions_parse(struct conditions *conditions, const char *text, size_t len, struct fmt *why);

/* Whether `found` is as the condition says. */
bool condition_holds(const struct condition *condition, int64_t found);

/* Whether the condition is about the field of that name. */
bool condition_is_about(const struct condition *condition, const char *field, size_t len);

#endif
