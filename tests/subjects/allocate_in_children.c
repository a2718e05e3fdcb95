/*
 * allocate_in_children.c - N children allocate blocks of SIZE at once until each is refused; the parent adds
 * up.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	long n = number(argv, 1);
	size_t size = (size_t)number(argv, argc - 1);
	struct gate end = gate_make();
	int sums[2];
	long total = 0, least = -1, sum;
	pid_t pid[64];

	if (pipe(sums))
		return 1;
	for (long i = 0; i < n; i++) {
		pid[i] = fork();
		if (pid[i] == 0) {
			struct chain chain = {0};

			chain_fill(&chain, size);
			if (write(sums[1], &chain.bytes, sizeof(long)) != sizeof(long))
				_exit(1);
			gate_wait(&end);
			_exit(0);
		}
	}
	for (long i = 0; i < n; i++) {
		if (read(sums[0], &sum, sizeof(sum)) != sizeof(sum))
			return 1;
		total += sum;
		least = least < 0 || sum < least ? sum : least;
	}
	say("total=%ld least=%ld\n", total, least);
	gate_open(&end);
	for (long i = 0; i < n; i++)
		reap(pid[i]);
	return 0;
}
