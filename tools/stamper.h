/*
 * stamper.h - puts the elapsed time before each line of a stream.
 *
 * Owns:    nothing.
 * Called:  capture.
 * Context: one thread, never allocates.
 * Fork:    nothing, because there is no shared state.
 *
 * A stamp is "[    1.234567] ": seconds since the start, when the first byte
 * of the line was read. A line that comes in pieces has one stamp, a last line
 * without a newline gets none, and any other byte is passed on as it is.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_STAMPER_H
#define RL_TOOLS_STAMPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The longest stamp, and so how much longer a byte may become. */
enum { STAMP_MAX = 32 };

struct stamper {
	bool in_line;
};

/*
 * Writes the stamped bytes to `out`, which has room for len * (STAMP_MAX + 1).
 * Return: how many they are.
 */
size_t stamper_apply(struct stamper *stamper, int64_t elapsed_ns, const char *bytes, size_t len, char *out);

#endif
