/*
 * ask_for_extremes.c - asks for what cannot be, or for nothing, by HOW: realloc_zero, realloc_huge,
 * malloc_huge.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	volatile size_t size = 100UL << 40;
	void *volatile block = malloc(100000);
	void *volatile small = malloc(24);
	void *volatile result;
	struct chain chain = {0};

	if (!strcmp(argv[argc - 1], "realloc_zero")) {
		chain_fill(&chain, 1000);
		chain_fill(&chain, 24);
		result = realloc(small, 0);
		say("null=%d\n", result == NULL);
		/* What it held is there again. */
		say("again=%d\n", malloc(24) != NULL);
		return 0;
	}
	errno = 0;
	result = !strcmp(argv[argc - 1], "realloc_huge") ? realloc(block, size) : malloc((size_t)-1 / 2);
	say("null=%d errno=%d usable=%d\n", result == NULL, errno, malloc_usable_size(block) >= 100000);
	return 1;
}
