/*
 * map_cycle.c - maps and unmaps 1 MiB over and over, beside a number of mappings that stay.
 *
 * usage: map_cycle [LIVE] [TURNS] [BYTES]; prints nanoseconds per turn.
 *
 * What it costs depends on how full the kernel's nodes for mappings are, of 16
 * places each, and on whether the new one joins its neighbour: a library is one
 * or two mappings, and moves all that. So it is the mean of ROUNDS, each beside
 * one mapping more; of each the best of TRIES.
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

enum { ROUNDS = 32, TRIES = 3, APART = 60000, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

/* The one with the number i. */
static int map_one(long i)
{
	int prot = i < APART && i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;

	return mmap(NULL, 4096, prot, PRIVATE, -1, 0) != MAP_FAILED;
}

/* Nanoseconds that so many turns take. */
static int64_t cycle(long turns, size_t bytes)
{
	int64_t begun = clock_ns(CLOCK_THREAD_CPUTIME_ID);

	for (long i = 0; i < turns; i++) {
		void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, PRIVATE, -1, 0);

		if (p == MAP_FAILED || munmap(p, bytes))
			exit(1);
	}
	return clock_ns(CLOCK_THREAD_CPUTIME_ID) - begun;
}

int main(int argc, char **argv)
{
	long live = number_argument(argc, argv, 1, 10);
	long turns = number_argument(argc, argv, 2, 20000);
	size_t bytes = (size_t)number_argument(argc, argv, 3, 1 << 20);
	int64_t sum = 0;

	for (long i = 0; i < live + ROUNDS; i++) {
		int64_t best = INT64_MAX;

		if (!map_one(i))
			return 1;
		for (int try = 0; i >= live && try < TRIES; try++) {
			int64_t spent = cycle(turns, bytes);

			best = spent < best ? spent : best;
		}
		sum += i >= live ? best : 0;
	}
	printf("%.1f\n", (double)sum / (double)(ROUNDS * turns));
	return 0;
}
