/*
 * use_reserve.c - fills what there is in blocks of one size, then, as an error handler would, in blocks of
 * another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	struct chain chain = {.last = NULL};

	if (argc < 3)
		return 2;
	chain_fill(&chain, (size_t)number(argv, 1));
	say("before=%ld\n", chain.bytes);
	chain_fill(&chain, (size_t)number(argv, 2));
	say("all=%ld\n", chain.bytes);
	chain_drop(&chain);
	return 0;
}
