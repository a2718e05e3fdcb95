/*
 * fmt_json.h - objects of JSON, member by member.
 *
 * Owns:    nothing; the buffer is the caller's.
 * Called:  record, trace, stacks, tools.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * Who opens an object or an array closes it by its last character. Commas
 * come by themselves.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_FMT_JSON_H
#define RL_CORE_FMT_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fmt.h"

/* A member's name; what is appended next is its value. */
void fmt_json_key(struct fmt *f, const char *name);

void fmt_json_number(struct fmt *f, const char *name, int64_t value);
void fmt_json_bool(struct fmt *f, const char *name, bool value);

/* A string of at most `limit` bytes; see fmt_json_str(). */
void fmt_json_text(struct fmt *f, const char *name, const char *value, size_t limit);

/* Begins a member that is an object, `bracket` being '{', or an array, '['. */
void fmt_json_open(struct fmt *f, const char *name, char bracket);

/* Begins the next element of an array: an object. */
void fmt_json_element(struct fmt *f);

#endif
