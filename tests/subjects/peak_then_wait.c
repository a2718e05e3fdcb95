/*
 * peak_then_wait.c - holds N blocks of 1000 bytes at once, says how many bytes that is, frees them and waits
 * for its end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	struct chain chain = {.last = NULL};

	for (long i = 0; argc > 1 && i < number(argv, 1); i++)
		chain_add(&chain, 1000);
	say("peak=%ld\n", chain.bytes);
	chain_drop(&chain);
	for (;;)
		pause();
}
