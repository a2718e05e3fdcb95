/*
 * text.h - comparing texts where each start does it for every variable of the environment.
 *
 * Owns:    nothing.
 * Called:  config, environment.
 * Context: any thread, async-signal-safe, vfork child.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_TEXT_H
#define RL_CORE_TEXT_H

#include <stdbool.h>

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

#endif
