/*
 * take_address.c - takes malloc's address, linked so that the program gives malloc one of its own; and uses
 * it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(void)
{
	void *(*volatile allocate)(size_t) = malloc;
	void *block = allocate(100000);

	say("got=%d\n", block != NULL);
	free(block);
	return 0;
}
