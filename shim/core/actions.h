/*
 * actions.h - reads action lists: step:delay,step:delay,...
 *
 * Owns:    nothing.
 * Called:  config; denial, grades and watchdog ask what a list holds; breach,
 *          record, stacks, callback and the plug-in's host for steps' names.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_ACTIONS_H
#define RL_CORE_ACTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "../contract/limits.h"
#include "fmt.h"

/* Marks a step that waits RESLIMIT_GRACE because it names no delay. */
#define ACTION_DELAY_GRACE (-1)

/*
 * Reads a list. `deniable` says whether the limit can refuse a call. On error
 * `why` says what is wrong and what is accepted.
 * Return: 0 or -EINVAL.
 */
int action_parse(struct action *action, const char *text, size_t len, bool deniable, struct fmt *why);

/* Puts the grace time into the steps that name no delay. */
void action_apply_grace(struct action *action, int64_t grace_ns);

/* Whether the list goes on to a signal, so that somebody must watch. */
bool action_has_signal(const struct action *action);

/* "TERM" for 15, "deny" for RL_STEP_DENY, "call" for RL_STEP_CALL; NULL for a signal without a name. */
const char *action_step_name(int signal);

#endif
