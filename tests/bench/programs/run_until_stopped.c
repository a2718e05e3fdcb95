/*
 * run_until_stopped.c - tells when main began, then waits for its end: run_until_stopped sleep|spin
 * [THREADS [PROCESSES]], or with "refuse" instead of "spin" one that ignores and blocks all it can.
 *
 * Two int64_t go to descriptor 3: CLOCK_MONOTONIC and the CPU time of the
 * process, both in nanoseconds at the start of main.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>
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

static void refuse(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	for (int signal_number = 1; signal_number < 32; signal_number++)
		signal(signal_number, SIG_IGN);
}

int main(int argc, char **argv)
{
	int64_t begun[2] = {clock_ns(CLOCK_MONOTONIC), clock_ns(CLOCK_PROCESS_CPUTIME_ID)};
	long threads = number_argument(argc, argv, 2, 1);
	long processes = number_argument(argc, argv, 3, 1);
	pthread_t thread;

	if (write(3, begun, sizeof(begun)) != sizeof(begun))
		return 2;
	for (long i = 1; i < processes; i++)
		if (fork() == 0)
			break;
	if (argc > 1 && strcmp(argv[1], "refuse") == 0)
		refuse();
	else
		alarm(6); /* for when nothing else stops it */
	if (argc > 1 && strcmp(argv[1], "sleep") == 0)
		for (;;)
			pause();
	for (long i = 1; i < threads; i++)
		if (pthread_create(&thread, NULL, spin, NULL) != 0)
			return 2;
	spin(NULL);
}
