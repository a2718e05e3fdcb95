/*
 * setting_list.h - settings that are lists: where an item ends, and what is said of one that is wrong.
 *
 * Owns:    nothing.
 * Called:  actions, conditions.
 * Context: any thread, async-signal-safe, fork child, vfork child.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SETTING_LIST_H
#define RL_CORE_SETTING_LIST_H

#include <stddef.h>

#include "fmt.h"

/* Length of the first item. If that is not all of the list, another one follows behind the separator. */
size_t setting_list_item(const char *list, size_t len, char separator);

/* As in "step 'x' is unknown; give ...". Return: -EINVAL. */
int setting_list_refuse_item(struct fmt *why, const char *kind, const char *item, size_t len,
			     const char *what);

/* As in "more than 8 steps; give fewer". Return: -EINVAL. */
int setting_list_refuse_more(struct fmt *why, int most, const char *kinds);

#endif
