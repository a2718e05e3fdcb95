/*
 * burn_in_children.c - children use EACH ms of processor time and end by HOW, one after the other, for ever:
 * kill (SIGKILL from themselves), clone (made by a system call that no hook sees), exit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>
#include <time.h>

#include "core/rawsys.h"

static long used_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void burn(long each, const char *how)
{
	while (used_ms() < each)
		;
	if (!strcmp(how, "kill"))
		kill(getpid(), SIGKILL);
	if (strcmp(how, "clone") != 0)
		_exit(0);
	raw_exit_group(0);
}

int main(int argc, char **argv)
{
	if (argc < 3)
		return 96;
	for (;;) {
		bool by_number = !strcmp(argv[2], "clone");
		pid_t pid = by_number ? (pid_t)raw_syscall5(SYS_clone, SIGCHLD, 0, 0, 0, 0) : fork();

		if (pid == 0)
			burn(number(argv, 1), argv[2]);
		if (reap(pid) == -1)
			return 1;
	}
}
