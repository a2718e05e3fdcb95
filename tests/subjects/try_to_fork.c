/*
 * try_to_fork.c - tries N forks without reaping any; says how many came.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	struct gate hold = gate_make();
	long made = fork_to_gate(&hold, number(argv, argc - 1));

	say("made=%ld errno=%d\n", made, errno);
	gate_open(&hold);
	while (wait(NULL) > 0)
		;
	return 0;
}
