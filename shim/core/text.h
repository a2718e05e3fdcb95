/*
 * text.h - comparing texts where each start does it for every variable of the environment.
 *
 * Owns:    nothing.
 * Called:  config, actions, environment.
 * Context: any thread, async-signal-safe, vfork child.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_TEXT_H
#define RL_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "attrs.h"

/* Mostly the first character tells; the length of the prefix is never needed, and without builtins not known.
 */
RL_INLINE bool text_starts_with(const char *s, const char *prefix)
{
	while (*prefix && *s == *prefix) {
		s++;
		prefix++;
	}
	return !*prefix;
}

/*
 * Whether s is the text of that length. Most are told apart by their first
 * character: to measure each row of a table first takes every start 2 us.
 */
RL_INLINE bool text_is(const char *s, const char *text, size_t len)
{
	for (; len && *s && *s == *text; len--) {
		s++;
		text++;
	}
	return !len && !*s;
}

#endif
