/*
 * fork_and_end.c - N children come and go, each through exit; then the parent exits with STATUS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	for (long i = 0; i < number(argv, 1); i++) {
		pid_t pid = fork();

		if (pid == 0)
			exit(3);
		reap(pid);
	}
	return argc > 2 ? (int)number(argv, 2) : 0;
}
