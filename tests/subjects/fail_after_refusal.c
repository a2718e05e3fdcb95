/*
 * fail_after_refusal.c - is refused SIZE bytes by FUNCTION, TIMES times, then ends by HOW.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(int argc, char **argv)
{
	size_t size = (size_t)number(argv, 1);
	void *small = malloc(10);

	for (long i = 0; i < number(argv, 2); i++)
		if (argc > 4 ? realloc(small, size) : malloc(size))
			return 99;
	if (!strcmp(argv[3], "abort"))
		abort();
	if (!strcmp(argv[3], "segv"))
		raise(SIGSEGV);
	return (int)number(argv, 3);
}
