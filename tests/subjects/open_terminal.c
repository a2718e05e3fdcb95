/*
 * open_terminal.c - forkpty() with a name and a size; the child says what it finds, the parent passes it on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pty.h>
#include <sys/ioctl.h>

int main(void)
{
	struct winsize size = {.ws_row = 7, .ws_col = 70};
	char name[100], text[200];
	int terminal, status;
	ssize_t got, len = 0;
	int next = dup(0);
	pid_t pid;

	close(next);
	pid = forkpty(&terminal, name, NULL, &size);

	if (pid < 0) {
		say("pid=-1 errno=%d open=%d\n", errno, dup(0) - next);
		return 0;
	}
	if (pid == 0) {
		struct winsize seen;

		say("tty=%d leader=%d size=%d named=%d\n", isatty(0) && isatty(1) && isatty(2),
		    getsid(0) == getpid(),
		    ioctl(0, TIOCGWINSZ, &seen) == 0 && seen.ws_row == 7 && seen.ws_col == 70,
		    !strcmp(name, ttyname(0)));
		_exit(4);
	}
	while ((got = read(terminal, text + len, sizeof(text) - 1 - (size_t)len)) > 0)
		len += got;
	text[len] = 0;
	status = reap(pid);
	say("%sstatus=%d\n", text, WEXITSTATUS(status));
	return 0;
}
