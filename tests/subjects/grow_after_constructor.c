/*
 * grow_after_constructor.c - holds 2 MiB before its main begins, then fills what there is.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

static void *early;

__attribute__((constructor)) static void hold(void)
{
	early = malloc(2 << 20);
}

int main(int argc, char **argv)
{
	struct chain chain = {.last = NULL};

	if (argc < 2 || !early)
		return 2;
	chain_fill(&chain, (size_t)number(argv, 1));
	say("grown=%ld\n", chain.bytes);
	return 0;
}
