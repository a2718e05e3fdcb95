/*
 * refusal.h - the end of a program whose settings, or whose place, do not let it start.
 *
 * Owns:    whether the tree is one that this process has begun.
 * Called:  startup, before main.
 * Context: one thread; never allocates; does not return.
 * Fork:    nothing, because it ends before main.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_REFUSAL_H
#define RL_PRELOAD_REFUSAL_H

#include <stdint.h>

#include "core/attrs.h"

enum { REFUSAL_MAX = 512 }; /* bytes of what is said, its NUL with them */

/* Nothing has run in it that a record could tell of. */
void refusal_note_new_tree(void);

/*
 * Says `why` on stderr, the one line that the shim ever prints, and ends with status 125. A tree that the
 * process was in is left as at any other end.
 */
RL_NORETURN void refusal_end(const char *why);

/* The same with a name and a value before it, as far as that can be printed. */
RL_NORETURN void refusal_end_number(const char *name, int64_t number, const char *why);
RL_NORETURN void refusal_end_text(const char *name, const char *value, const char *why);

#endif
