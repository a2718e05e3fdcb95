/*
 * inherit_blocks.c - a child that inherits SIZE bytes is charged for what it adds only.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	struct chain mine = {0};
	long size = number(argv, argc - 1);
	pid_t pid;

	while (mine.bytes < size && chain_add(&mine, 10000))
		;
	pid = fork();
	if (pid == 0) {
		struct chain more = {0};

		chain_fill(&more, 10000);
		say("held=%ld child=%ld\n", mine.bytes, more.bytes);
		_exit(0);
	}
	return reap(pid) != 0;
}
