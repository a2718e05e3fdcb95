/*
 * heap_realloc.c - a block grows by 16 bytes a turn to 4 KiB, then starts again; a turn is one realloc.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

#include "workers.h"

enum { STEP = 16, LARGEST = 4096 };

static void turn(void *state, long turns, uint64_t *seed)
{
	char *block = NULL;
	size_t size = 0;

	(void)state;
	(void)seed;
	for (long i = 0; i < turns; i++) {
		if (size == LARGEST) {
			free(block);
			block = NULL;
			size = 0;
		}
		size += STEP;
		block = realloc(block, size);
		if (!block)
			abort();
	}
	free(block);
}

int main(int argc, char **argv)
{
	return workers_main(argc, argv, &(struct worker_loop){NULL, turn});
}
