/*
 * allocate_until_refused.c - allocates blocks of SIZE until refused, frees them, and again for ROUNDS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	size_t size = argc > 1 ? (size_t)number(argv, 1) : 65536;
	long rounds = argc > 2 ? number(argv, 2) : 1;
	struct chain chain = {0};

	for (long round = 0; round < rounds; round++) {
		long bytes, blocks;
		int error;

		errno = 0;
		chain_fill(&chain, size);
		error = errno;
		bytes = chain.bytes;
		blocks = chain.blocks;
		/* First, because who reads this may need memory of the same budget. */
		chain_drop(&chain);
		say("bytes%ld=%ld blocks%ld=%ld errno=%d\n", round, bytes, round, blocks, error);
	}
	return 0;
}
