/*
 * kill_holding_child.c - a child takes the whole budget and is killed; then the parent takes it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(void)
{
	struct chain chain = {0};
	struct gate hold = gate_make();
	int told[2];
	long child = 0;
	pid_t pid;

	if (pipe(told))
		return 1;
	pid = fork();
	if (pid == 0) {
		chain_fill(&chain, 10000);
		if (write(told[1], &chain.bytes, sizeof(long)) < 0)
			_exit(1);
		gate_wait(&hold);
		_exit(0);
	}
	if (read(told[0], &child, sizeof(child)) < 0)
		return 1;
	chain_fill(&chain, 10000);
	say("child=%ld meanwhile=%ld\n", child, chain.bytes);
	chain_drop(&chain);
	kill(pid, SIGKILL);
	reap(pid);
	chain_fill(&chain, 10000);
	say("parent=%ld\n", chain.bytes);
	return 0;
}
