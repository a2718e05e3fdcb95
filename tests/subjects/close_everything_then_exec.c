/*
 * close_everything_then_exec.c - closes every descriptor but the first three, leaves its directory, clears
 * the environment, executes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(int argc, char **argv)
{
	char *none[] = {NULL};
	pid_t pid = argc > 1 ? fork() : -1; /* as a runner does: in a child */

	if (pid > 0)
		return WEXITSTATUS(reap(pid));
	close_range(3, ~0U, 0);
	if (chdir("/"))
		return 1;
	execve(argv[1], argv + 1, none);
	return 127;
}
