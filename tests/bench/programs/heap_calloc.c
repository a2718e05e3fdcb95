/*
 * heap_calloc.c - calloc(1, 64) and free at once, over and over.
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
		free(calloc(1, 64));
}

int main(int argc, char **argv)
{
	return workers_main(argc, argv, &(struct worker_loop){NULL, turn});
}
