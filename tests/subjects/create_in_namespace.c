/*
 * create_in_namespace.c - its children are to live in a pid namespace of their own; makes one that ends at
 * once: create_in_namespace HOW.
 *
 * HOW: spawn, system, popen. Exits with 77 where that is not permitted.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sched.h>
#include <spawn.h>

#include "subject.h"

extern char **environ;

static int spawn_and_wait(void)
{
	char *argv[] = {(char *)"/bin/true", NULL};
	pid_t pid;

	return posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) ? -1 : reap(pid);
}

static int popen_and_close(void)
{
	FILE *stream = popen("exec true", "r");

	return stream ? pclose(stream) : -1;
}

int main(int argc, char **argv)
{
	int status;

	if (unshare(getuid() ? CLONE_NEWUSER | CLONE_NEWPID : CLONE_NEWPID))
		return 77;
	if (argc > 1 && !strcmp(argv[1], "system"))
		status = system("exec true");
	else if (argc > 1 && !strcmp(argv[1], "popen"))
		status = popen_and_close();
	else
		status = spawn_and_wait();
	return status ? 1 : 0;
}
