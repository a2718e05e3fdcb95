/*
 * noise.h - numbers that look random and are the same at each run.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_NOISE_H
#define RL_TEST_NOISE_H

#include <stdint.h>

#define NOISE_SEED UINT64_C(88172645463325252)

/* One seed of many, for a test that is given a small number. */
static inline uint64_t noise_seed(long number)
{
	return (uint64_t)number * 2654435761U + NOISE_SEED;
}

/* xorshift64: the next number, and the next seed. */
static inline uint64_t noise_next(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

#endif
