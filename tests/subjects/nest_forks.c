/*
 * nest_forks.c - each child forks the next until refused; all stay alive until the deepest is done.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(void)
{
	int depth = 0;

	for (;;) {
		pid_t pid = fork();

		if (pid < 0) {
			say("depth=%d errno=%d\n", depth, errno);
			_exit(0);
		}
		if (pid > 0) {
			reap(pid);
			_exit(0);
		}
		depth++;
	}
}
