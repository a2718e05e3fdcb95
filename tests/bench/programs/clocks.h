/*
 * clocks.h - clock readings, random numbers and arguments for the bench programs.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_BENCH_CLOCKS_H
#define RL_BENCH_CLOCKS_H

#include <stdint.h>
#include <stdlib.h>
#include <time.h>

static inline int64_t clock_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* xorshift64; a few instructions, so that the calls around it are what is measured. */
static inline uint64_t random_next(uint64_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 7;
	*state ^= *state << 17;
	return *state;
}

/* A number from the command line, or the fallback when there are fewer arguments. */
static inline long number_argument(int argc, char **argv, int index, long fallback)
{
	return index < argc ? strtol(argv[index], NULL, 0) : fallback;
}

#endif
