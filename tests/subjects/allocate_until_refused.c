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
		errno = 0;
		chain_fill(&chain, size);
		say("bytes%ld=%ld blocks%ld=%ld errno=%d\n", round, chain.bytes, round, chain.blocks, errno);
		chain_drop(&chain);
	}
	return 0;
}
