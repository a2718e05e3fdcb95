/*
 * run_children_when_full.c - fills its budget, starts FIRST without room, frees 4 MiB, starts SECOND with
 * ARG.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

static int run(char *path, char *arg)
{
	char *args[] = {path, arg, NULL};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		execv(path, args);
		_exit(127);
	}
	status = reap(pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

int main(int argc, char **argv)
{
	const char *ledger = getenv("RESLIMIT_LEDGER");
	void *spare = malloc(4 << 20);
	struct chain chain = {0};

	if (argc < 4 || !ledger || !spare)
		return 1;
	chain_fill(&chain, 65536);
	chain_fill(&chain, 1000);
	chain_fill(&chain, 24);
	say("first=%d\n", run(argv[1], NULL));
	say("ledger=%d\n", !access(ledger, F_OK));
	free(spare);
	say("held=%ld\n", chain.bytes);
	say("second=%d\n", run(argv[2], argv[3]));
	return 0;
}
