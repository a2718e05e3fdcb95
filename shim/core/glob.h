/*
 * glob.h - shell patterns on names: RESLIMIT_ROOT.
 *
 * Owns:    nothing.
 * Called:  config (is it one), roots (does it match).
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * `*` any bytes, none included; `?` one byte; `[a-z_]` one of these, `[!a-z]`
 * or `[^a-z]` one but these, a `]` first is a member; `\` takes the next byte as it is.
 * libc's fnmatch() may allocate and asks the locale.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_GLOB_H
#define RL_CORE_GLOB_H

#include <stdbool.h>

/* Whether every `[` is closed and no `\` is last. */
bool glob_is_valid(const char *pattern);

/* Whether all of `text` fits a valid pattern; `*` and `?` also stand for '/'. */
bool glob_matches(const char *pattern, const char *text);

#endif
