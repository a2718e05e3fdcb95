/*
 * reach_known_peak.c - holds at most 3 * UNIT bytes at once, less at its end, and says how many those were.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	size_t unit = (size_t)number(argv, argc - 1), peak, end;
	char *a = malloc(unit + 1), *b = malloc(2 * unit + 1), *c;

	peak = malloc_usable_size(a) + malloc_usable_size(b);
	free(a);
	c = malloc(unit / 2 + 1);
	end = malloc_usable_size(b) + malloc_usable_size(c);
	say("peak=%zu end=%zu\n", peak > end ? peak : end, end);
	return 0;
}
