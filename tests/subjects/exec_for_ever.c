/*
 * exec_for_ever.c - spins for 20 ms and executes itself, again and again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <time.h>

int main(int argc, char **argv)
{
	clock_t end = clock() + CLOCKS_PER_SEC / 50;

	(void)argc;
	while (clock() < end)
		;
	execv("/proc/self/exe", argv);
	return 127;
}
