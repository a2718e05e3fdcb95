/*
 * count_fork_faults.c - how many pages one fork touches anew, in both processes: count_fork_faults FORKS.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/resource.h>

#include "subject.h"

static long faults(void)
{
	struct rusage self, children;

	getrusage(RUSAGE_SELF, &self);
	getrusage(RUSAGE_CHILDREN, &children);
	return self.ru_minflt + children.ru_minflt;
}

static void fork_once(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	reap(pid);
}

int main(int argc, char **argv)
{
	long before, forks = argc > 1 ? number(argv, 1) : 1;

	fork_once();
	before = faults();
	for (long i = 0; i < forks; i++)
		fork_once();
	say("faults=%ld\n", (faults() - before) / forks);
	return 0;
}
