/*
 * units.h - reads sizes, times and counts as people write them.
 *
 * Owns:    nothing.
 * Called:  config, actions, tools.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * Each takes the text and its length and stores a value in
 * 0 .. RL_LIMIT_MAX. Return: 0, -EINVAL for text that is not of the form,
 * -ERANGE for a number that is too large.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_UNITS_H
#define RL_CORE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* Bytes: digits, then nothing, B, K M G T (also KiB), or KB MB GB TB for powers of 1000. */
int units_size(const char *text, size_t len, int64_t *bytes);

/* Nanoseconds: digits with an optional fraction, then nothing (seconds), ns us ms s m h. */
int units_time(const char *text, size_t len, int64_t *ns);

/* A plain number. */
int units_count(const char *text, size_t len, int64_t *count);

#endif
