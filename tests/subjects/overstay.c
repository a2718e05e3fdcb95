/*
 * overstay.c - stays above 1M for longer than 50 ms, then comes back and goes above again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

static void *ask(const char *when, size_t n)
{
	void *block = malloc(n);

	say("%s: %s\n", when, block ? "granted" : "refused");
	return block;
}

/* milliseconds */
int main(int argc, char **argv)
{
	void *first = ask("at once", 1500000);
	void *second = ask("in time", 100000);

	if (argc > 1)
		usleep((useconds_t)number(argv, 1) * 1000);
	free(ask("too late", 1000));
	free(ask("still", 1000000));
	free(first);
	first = ask("below", 500000);
	free(ask("above again", 1000000));
	free(first);
	free(second);
	return 0;
}
