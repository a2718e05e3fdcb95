/*
 * use_status_fd.c - does HOW to the descriptor FD of the record: close it, close all, or put FILE there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	int fd = (int)number(argv, 2);

	if (!strcmp(argv[1], "close"))
		close(fd);
	if (!strcmp(argv[1], "closeall"))
		close_range(3, ~0U, 0);
	if (!strcmp(argv[1], "reuse")) {
		int file = open(argv[argc - 1], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0600);

		if (file < 0 || dup2(file, fd) != fd)
			return 1;
	}
	if (!strcmp(argv[1], "reuseall")) {
		/* Descriptors are closed and all numbers up to 1023 taken by the file. */
		int file = open(argv[argc - 1], O_CREAT | O_WRONLY | O_APPEND, 0600);

		for (int n = 3; n < 1024; n++)
			if (n != file && dup2(file, n) != n)
				return 1;
	}
	say("done\n");
	return 0;
}
