/*
 * spin_then_exec.c - uses MS milliseconds of processor time, then becomes PROGRAM with its arguments.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <time.h>

int main(int argc, char **argv)
{
	long ms = argc > 2 ? number(argv, 1) : 0;
	struct timespec used;

	do
		clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
	while (used.tv_sec * 1000 + used.tv_nsec / 1000000 < ms);
	execv(argv[2], argv + 2);
	return 1;
}
