/*
 * libearly.c - a library whose constructor allocates a MiB before the program starts.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

void *early_block(void);

static void *block;

__attribute__((constructor)) static void allocate_early(void)
{
	block = malloc(1 << 20);
	if (block)
		memset(block, 1, 1 << 20);
}

void *early_block(void)
{
	return block;
}
