/*
 * fail_to_spawn.c - spawns what cannot run, TIMES each; then what can; prints the errors and errno.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <spawn.h>

int main(int argc, char **argv)
{
	char *const none[] = {NULL}, *const self[] = {(char *)"true", NULL};
	long times = number(argv, argc - 1);
	int missing = 0, directory = 0, good = 0;
	pid_t pid;

	errno = 99;
	for (long i = 0; i < times; i++) {
		missing = posix_spawn(&pid, "/nonexistent/program", NULL, NULL, self, none);
		directory = posix_spawnp(&pid, "/", NULL, NULL, self, none);
		if (missing == EAGAIN || directory == EAGAIN)
			break;
	}
	good = posix_spawn(NULL, "/bin/true", NULL, NULL, self, none);
	say("missing=%d directory=%d good=%d errno=%d\n", missing, directory, good, errno);
	wait(NULL);
	return 0;
}
