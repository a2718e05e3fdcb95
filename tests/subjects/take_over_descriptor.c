/*
 * take_over_descriptor.c - puts FILE on descriptor FD, writes a line to it, is refused memory; then by HOW.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>

/* The second program of "exec" is this one, with FILE already in place. */
static void take_over(int fd, const char *path)
{
	int file;

	close(fd);
	file = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
	if (file < 0 || (file != fd && (dup2(file, fd) != fd || close(file))))
		_exit(97);
	if (write(fd, "theirs\n", 7) != 7)
		_exit(96);
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	void *volatile block;

	if (argc > 2)
		take_over((int)number(argv, 2), argv[3]);
	block = malloc(1 << 30);
	say("refused=%d\n", block == NULL);
	if (!strcmp(how, "fork"))
		reap(fork());
	if (!strcmp(how, "exec"))
		execl("/proc/self/exe", "take_over_descriptor", "return", NULL);
	return 0;
}
