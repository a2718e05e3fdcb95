/*
 * libaway.c - a library that is not linked at 0, and what is refused in it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>

int refused_away(size_t size);

int refused_away(size_t size)
{
	void *volatile block = malloc(size);

	return block == NULL;
}
