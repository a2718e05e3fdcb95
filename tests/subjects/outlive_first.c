/*
 * outlive_first.c - the first process is killed; its child goes on, forks in its place, and all return 0.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(void)
{
	pid_t first = getpid();
	pid_t pid = fork();

	if (pid < 0)
		return 1;
	if (pid > 0) {
		kill(first, SIGKILL);
		pause();
	}
	while (!kill(first, 0))
		usleep(1000);
	for (int i = 0; i < 4; i++) {
		pid = fork();
		if (pid == 0)
			exit(0);
		say("status=%d\n", pid < 0 ? -1 : reap(pid));
	}
	return 0;
}
