/*
 * run_until_stopped.c - tells when main began, then waits for its end: run_until_stopped sleep|spin
 * [THREADS].
 *
 * Two int64_t go to descriptor 3: CLOCK_MONOTONIC and the CPU time of the
 * process, both in nanoseconds at the start of main.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "clocks.h"

static volatile unsigned long spins;

static void *spin(void *arg)
{
	(void)arg;
	for (;;)
		spins++;
	return NULL;
}

int main(int argc, char **argv)
{
	int64_t begun[2] = {clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
	long threads = number_argument(argc, argv, 2, 1);
	pthread_t thread;

	if (write(3, begun, sizeof(begun)) != sizeof(begun))
		return 2;
	alarm(6); /* for when nothing else stops it */
	if (argc > 1 && strcmp(argv[1], "sleep") == 0)
		for (;;)
			pause();
	for (long i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, spin, NULL) != 0)
			return 2;
	spin(NULL);
}
