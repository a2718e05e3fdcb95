/*
 * try_to_fork.c - tries N forks without reaping any; says how many came.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	long tries = number(argv, argc - 1), made = 0;
	struct gate hold = gate_make();

	for (long i = 0; i < tries; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			gate_wait(&hold);
			_exit(0);
		}
		made += pid > 0;
	}
	say("made=%ld errno=%d\n", made, errno);
	gate_open(&hold);
	while (wait(NULL) > 0)
		;
	return 0;
}
