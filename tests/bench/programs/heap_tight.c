/*
 * heap_tight.c - malloc(64) and free at once, over and over: the price of a call and nothing else.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "workers.h"

static void turn(void *state, long turns, uint64_t *seed)
{
	(void)state;
	(void)seed;
	for (long i = 0; i < turns; i++)
		free(malloc(64));
}

int main(int argc, char **argv)
{
	return workers_main(argc, argv, &(struct worker_loop){NULL, turn});
}
