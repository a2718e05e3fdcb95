/*
 * start_with_early_library.c - links libearly and fills what its constructor left of the budget.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

void *early_block(void);

int main(void)
{
	struct chain chain = {0};

	chain_fill(&chain, 10000);
	say("early=%d left=%ld\n", early_block() != NULL, chain.bytes);
	chain_drop(&chain);
	free(early_block());
	chain_fill(&chain, 10000);
	say("later=%ld\n", chain.bytes);
	return 0;
}
