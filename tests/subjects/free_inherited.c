/*
 * free_inherited.c - a child frees the SIZE bytes it inherited; what can the parent then still get?
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	struct chain mine = {0}, more = {0};
	struct gate freed = gate_make(), hold = gate_make();
	long size = number(argv, argc - 1);
	pid_t pid;

	while (mine.bytes < size && chain_add(&mine, 10000))
		;
	pid = fork();
	if (pid == 0) {
		close(hold.end[1]);
		close(freed.end[0]);
		chain_drop(&mine);
		gate_open(&freed);
		gate_wait(&hold);
		_exit(0);
	}
	gate_wait(&freed);
	chain_fill(&more, 10000);
	say("held=%ld more=%ld\n", mine.bytes, more.bytes);
	gate_open(&hold);
	reap(pid);
	chain_drop(&more);
	chain_fill(&more, 10000);
	say("later=%ld\n", more.bytes);
	return 0;
}
