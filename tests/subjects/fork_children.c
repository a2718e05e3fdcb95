/*
 * fork_children.c - keeps children made by HOW alive until refused, at most N; ends them; and again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

static struct gate hold;

/* A vfork child must exec, so that the parent goes on beside it. */
static pid_t spawn(const char *how)
{
	pid_t pid;

	if (!strcmp(how, "vfork")) {
		char *argv[] = {(char *)"waiter", (char *)"wait", NULL};

		pid = vfork();
		if (pid == 0) {
			execv("/proc/self/exe", argv);
			_exit(127);
		}
		return pid;
	}
	pid = !strcmp(how, "_Fork") ? _Fork() : fork();
	if (pid == 0) {
		gate_wait(&hold);
		_exit(0);
	}
	return pid;
}

int main(int argc, char **argv)
{
	long n = number(argv, argc - 1), made;
	pid_t pid[256];

	if (argc == 2) /* "wait" */
		return pause();
	for (int round = 0; round < 3; round++) {
		hold = gate_make();
		errno = 99;
		for (made = 0; made < n; made++)
			if ((pid[made] = spawn(argv[1])) < 0)
				break;
		say("made%d=%ld errno=%d\n", round, made, errno);
		for (long i = 0; i < made; i++) {
			kill(pid[i], SIGKILL);
			reap(pid[i]);
		}
	}
	return 0;
}
