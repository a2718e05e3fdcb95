/*
 * heap_random.c - replaces a random one of 10,000 live blocks by one of random size; a turn is one pair.
 *
 * Sizes are 16 to 4096 bytes, every power of two as likely as the next, as
 * programs mostly ask for small blocks. The first byte of each is written.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "clocks.h"
#include "workers.h"

enum { LIVE = 10000 };

static char *fresh_block(uint64_t random)
{
	size_t power = (size_t)16 << (random >> 32) % 8;
	char *block = malloc(power + (random >> 40) % power);

	if (!block)
		abort();
	*block = 1;
	return block;
}

static void *prepare(uint64_t *seed)
{
	char **live = malloc(LIVE * sizeof(*live));

	if (!live)
		abort();
	for (int i = 0; i < LIVE; i++)
		live[i] = fresh_block(random_next(seed));
	return live;
}

static void turn(void *state, long turns, uint64_t *seed)
{
	char **live = state;

	for (long i = 0; i < turns; i++) {
		uint64_t random = random_next(seed);
		char **slot = &live[random % LIVE];

		free(*slot);
		*slot = fresh_block(random);
	}
}

int main(int argc, char **argv)
{
	return workers_main(argc, argv, &(struct worker_loop){prepare, turn});
}
