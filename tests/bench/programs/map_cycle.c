/*
 * map_cycle.c - maps and unmaps 1 MiB over and over, beside a number of mappings that stay.
 *
 * usage: map_cycle [LIVE] [TURNS] [BYTES]; prints the best of several rounds in nanoseconds per turn.
 *
 * The mappings that stay differ in protection from their neighbours, so that
 * the kernel does not join them; beyond its own limit (vm.max_map_count) they
 * do not, and the kernel joins them while the guard must still know each.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <sys/mman.h>

#include "clocks.h"

enum { ROUNDS = 15, APART = 60000, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static int map_live(long live)
{
	for (long i = 0; i < live; i++) {
		int prot = i < APART && i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;

		if (mmap(NULL, 4096, prot, PRIVATE, -1, 0) == MAP_FAILED)
			return 0;
	}
	return 1;
}

int main(int argc, char **argv)
{
	long live = number_argument(argc, argv, 1, 10);
	long turns = number_argument(argc, argv, 2, 20000);
	size_t bytes = (size_t)number_argument(argc, argv, 3, 1 << 20);
	int64_t best = INT64_MAX;

	if (!map_live(live))
		return 1;
	for (int round = 0; round < ROUNDS; round++) {
		int64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID), spent;

		for (long i = 0; i < turns; i++) {
			void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, PRIVATE, -1, 0);

			if (p == MAP_FAILED || munmap(p, bytes))
				return 1;
		}
		spent = clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
		best = spent < best ? spent : best;
	}
	printf("%.1f\n", (double)best / (double)turns);
	return 0;
}
