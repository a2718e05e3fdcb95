/*
 * cycle_children.c - COUNT children one after the other by HOW, each reaped; counts the refusals.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(int argc, char **argv)
{
	long count = number(argv, argc - 1), refused = 0;
	char *how = argv[1];

	for (long i = 0; i < count; i++) {
		pid_t pid = !strncmp(how, "vfork", 5) ? vfork() : fork();

		if (pid == 0) {
			if (!strcmp(how, "vforkexec"))
				execl("/bin/true", "true", NULL);
			if (!strcmp(how, "kill"))
				kill(getpid(), SIGKILL);
			_exit(5);
		}
		if (pid < 0) {
			refused++;
			continue;
		}
		if (!strcmp(how, "zombie")) {
			siginfo_t info;

			waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT);
			continue;
		}
		if (strcmp(how, "vforkexec") && strcmp(how, "kill") && WEXITSTATUS(reap(pid)) != 5)
			return 2;
		if (!strcmp(how, "vforkexec") || !strcmp(how, "kill"))
			reap(pid);
	}
	say("refused=%ld\n", refused);
	return 0;
}
