/*
 * insist_on_allocating.c - asks for more than there is, again and again, until it is ended or TRIES are over.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	long tries = argc > 1 ? number(argv, 1) : -1;

	while (tries--)
		if (malloc(64 << 20))
			return 1;
	return 0;
}
