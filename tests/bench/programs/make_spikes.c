/*
 * make_spikes.c - SPIKES times: takes BYTES in blocks of 16 KiB, keeps them for ABOVE_US, frees them; prints
 * how many were made. With SPIKES 0 it prints instead what a pair of malloc and free costs in ns beside BYTES
 * that are held.
 *
 * SPDX-License-Identifier: MIT
 */
#include "clocks.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { BLOCK = 16 << 10, BLOCKS = 4096, PAIRS = 200000 };

static void *block[BLOCKS];

static long take(long bytes)
{
	long n = 0;

	while (n < BLOCKS && n * BLOCK < bytes && (block[n] = malloc(BLOCK)))
		n++;
	return n;
}

int main(int argc, char **argv)
{
	long spikes = number_argument(argc, argv, 1, 1);
	long bytes = number_argument(argc, argv, 2, 3 << 20);
	long above_us = number_argument(argc, argv, 3, 100000);
	long made = 0;

	if (!spikes) {
		int64_t began;

		take(bytes);
		began = clock_ns(CLOCK_MONOTONIC);
		for (long i = 0; i < PAIRS; i++)
			free(malloc(100));
		printf("%f\n", (double)(clock_ns(CLOCK_MONOTONIC) - began) / PAIRS);
		return 0;
	}
	for (; made < spikes; made++) {
		long n = take(bytes);

		usleep((useconds_t)above_us);
		while (n--)
			free(block[n]);
		usleep(5000);
	}
	printf("%ld\n", made);
	return 0;
}
