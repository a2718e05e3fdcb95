/*
 * refusal.h - the end of a program whose settings, or whose place, do not let it start.
 *
 * Owns:    nothing.
 * Called:  startup, before main.
 * Context: one thread; never allocates; does not return.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_REFUSAL_H
#define RL_PRELOAD_REFUSAL_H

#include <stdint.h>

#include "core/attrs.h"

enum { REFUSAL_MAX = 512 }; /* bytes of what is said, its NUL with them */

/* Says `why` on stderr, the one line that the shim ever prints, and ends with status 125. */
RL_NORETURN void refusal_end(const char *why);

/* The same with a name and a value before it, as far as that can be printed. */
RL_NORETURN void refusal_end_number(const char *name, int64_t number, const char *why);
RL_NORETURN void refusal_end_text(const char *name, const char *value, const char *why);

#endif
