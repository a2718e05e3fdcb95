/*
 * sampling.h - when a meter that samples looks next.
 *
 * Owns:    nothing; the watchdog holds one of these for each such meter.
 * Called:  meters.
 * Context: the watchdog's thread; async-signal-safe.
 * Fork:    nothing, because the child's watchdog starts anew.
 *
 * A watchdog wakes for many reasons, and asks the meter of every account it
 * has each time. All accounts are sampled together, at the shortest of their
 * intervals; other wake-ups cost no look.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SAMPLING_H
#define RL_CORE_SAMPLING_H

#include <stdbool.h>
#include <stdint.h>

struct sampling {
	int64_t looked_ns; /* CLOCK_MONOTONIC */
	int64_t next_ns;
};

/* Shorter intervals would be a busy loop. */
enum { SAMPLING_LEAST_NS = 1000000 };

/* Whether to look: it is time, or another account was looked at in this same round. */
static inline bool sampling_is_due(const struct sampling *s, int64_t now_ns)
{
	return now_ns >= s->next_ns || now_ns == s->looked_ns;
}

static inline int64_t sampling_next_ns(const struct sampling *s)
{
	return s->next_ns;
}

/* After a look. Return: when the next is due. */
static inline int64_t sampling_plan(struct sampling *s, int64_t now_ns, int64_t tick_ns)
{
	int64_t next_ns = now_ns + (tick_ns > SAMPLING_LEAST_NS ? tick_ns : SAMPLING_LEAST_NS);

	if (now_ns != s->looked_ns || next_ns < s->next_ns)
		s->next_ns = next_ns;
	s->looked_ns = now_ns;
	return s->next_ns;
}

#endif
