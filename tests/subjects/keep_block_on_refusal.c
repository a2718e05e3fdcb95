/*
 * keep_block_on_refusal.c - a refused realloc leaves block and contents; odd arguments behave as documented.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <stdint.h>

int main(void)
{
	unsigned char *block = malloc(1000), *grown;
	volatile size_t huge = SIZE_MAX / 2 + 2;

	memset(block, 0x5a, 1000);
	errno = 0;
	grown = realloc(block, 64 << 20);
	say("grown=%d errno=%d\n", grown != NULL, errno);
	for (int i = 0; i < 1000 && !grown; i++)
		if (block[i] != 0x5a)
			return 1;
	errno = 0;
	block = grown ? grown : block;
	grown = reallocarray(block, huge, 4);
	say("overflow=%d errno=%d\n", grown != NULL, errno);
	errno = 0;
	grown = calloc(huge, 4);
	say("calloc=%d errno=%d\n", grown != NULL, errno);
	block = realloc(block, 2000);
	for (int i = 0; i < 1000; i++)
		if (!block || block[i] != 0x5a)
			return 2;
	say("null=%d\n", realloc(block, 0) == NULL); /* frees it */
	free(NULL);
	block = realloc(NULL, 100);
	free(block);
	block = malloc(0);
	say("zero=%d\n", block != NULL);
	free(block);
	block = calloc(100, 100);
	for (int i = 0; i < 10000; i++)
		if (block[i])
			return 3;
	return 0;
}
