/*
 * record_json.h - keys and values of the record.
 *
 * Owns:    nothing.
 * Called:  record_text.
 * Context: async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RECORD_JSON_H
#define RL_CORE_RECORD_JSON_H

#include "fmt.h"

static inline void key(struct fmt *f, const char *name)
{
	if (f->len && f->buf[f->len - 1] != '{')
		fmt_char(f, ',');
	fmt_char(f, '"');
	fmt_str(f, name);
	fmt_str(f, "\":");
}

static inline void number(struct fmt *f, const char *name, int64_t value)
{
	key(f, name);
	fmt_int(f, value);
}

static inline void text(struct fmt *f, const char *name, const char *value, size_t limit)
{
	key(f, name);
	fmt_json_str(f, value, limit);
}

#endif
