/*
 * exec_by_name.c - executes the program PATH with its arguments by FUNCTION, with ENV full, empty or own; or
 * full as another user: other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <sys/syscall.h>

extern char **environ;

/* How many descriptors another program would get. */
static int count_inherited(void)
{
	int count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) == 0;
	return count;
}

int main(int argc, char **argv)
{
	char *none[] = {NULL}, *own[] = {(char *)"OWN=1", (char *)"LD_PRELOAD=/nonexistent-own.so", NULL};
	char *how = argv[1], *path = argv[3], **args = argv + 3;
	char **env = !strcmp(argv[2], "empty") ? none : !strcmp(argv[2], "own") ? own : environ;
	const char *a1 = argc > 4 ? argv[4] : NULL, *a2 = argc > 5 ? argv[5] : NULL;
	int inherited;

	if (!strcmp(argv[2], "other") && seteuid(65534))
		return 77;
	inherited = count_inherited();
	if (!strcmp(how, "execve"))
		execve(path, args, env);
	else if (!strcmp(how, "execv"))
		execv(path, args);
	else if (!strcmp(how, "execvp"))
		execvp(path, args);
	else if (!strcmp(how, "execvpe"))
		execvpe(path, args, env);
	else if (!strcmp(how, "execl"))
		execl(path, path, a1, a2, NULL);
	else if (!strcmp(how, "execlp"))
		execlp(path, path, a1, a2, NULL);
	else if (!strcmp(how, "execle"))
		execle(path, path, a1, a2, NULL, env);
	else if (!strcmp(how, "fexecve"))
		fexecve(open(path, O_RDONLY | O_CLOEXEC), args, env);
	else if (!strcmp(how, "execveat"))
		execveat(AT_FDCWD, path, args, env, 0);
	say("exec failed errno=%d\n", errno);
	say("kept=%d\n", count_inherited() - inherited);
	return 1;
}
