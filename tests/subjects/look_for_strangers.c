/*
 * look_for_strangers.c - says what a program could notice of a process that it did not make.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <signal.h>

int main(void)
{
	char children[64] = "";
	int fd = open("/proc/thread-self/children", O_RDONLY);
	pid_t found = waitpid(-1, NULL, WNOHANG | __WALL);
	int error = errno;
	sigset_t pending;

	sigpending(&pending);
	if (fd >= 0 && read(fd, children, sizeof(children) - 1) < 0)
		_exit(97);
	say("child=%d none=%d pending=%d children='%s' session=%d\n", (int)found, error == ECHILD,
	    sigismember(&pending, SIGCHLD), children, getsid(0) != getpid());
	return 0;
}
