/*
 * reuse_number.c - a child is killed with most of the budget; the next has the same number at once.
 *
 * Usage: reuse_number BYTES ROUNDS. Each child takes BYTES. Prints "refused=N reused=N"; who may not choose
 * a number takes what comes, and then none is reused.
 *
 * SPDX-License-Identifier: MIT
 */
#include <linux/sched.h>
#include <signal.h>
#include <stdint.h>
#include <sys/syscall.h>

#include "subject.h"

static pid_t fork_as(pid_t number)
{
	struct clone_args args = {.exit_signal = SIGCHLD, .set_tid = (uintptr_t)&number, .set_tid_size = 1};
	pid_t child = (pid_t)syscall(SYS_clone3, &args, sizeof(args));

	return child < 0 && errno == EPERM ? fork() : child;
}

static int wait_for(pid_t child)
{
	int status = -1;

	return waitpid(child, &status, 0) == child ? status : -1;
}

int main(int argc, char **argv)
{
	size_t bytes = (size_t)number(argv, 1);
	long rounds = number(argv, 2), refused = 0, reused = 0;

	(void)argc;
	for (long i = 0; i < rounds; i++) {
		pid_t second, first = fork();

		if (first == 0) {
			refused = malloc(bytes) == NULL;
			kill(getpid(), refused ? SIGTERM : SIGKILL);
		}
		refused += wait_for(first) != SIGKILL;
		second = fork_as(first);
		if (second == 0)
			_exit(malloc(bytes) == NULL);
		refused += wait_for(second) != 0;
		reused += second == first;
	}
	say("refused=%ld reused=%ld\n", refused, reused);
	return refused != 0;
}
