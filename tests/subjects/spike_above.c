/*
 * spike_above.c - goes above a size again and again, each time for so long, and is below it before:
 *   spike_above SPIKES BYTES BLOCK ABOVE_US BELOW_US [thread|process]
 * in blocks of BLOCK bytes. With "thread" or "process" another one makes the
 * spikes, of half the size, while this one holds the other half. Prints how
 * many there were and how long the longest took, from before it to after it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <time.h>

static long spikes, bytes, block, above_us, below_us;

static void wait_us(long us)
{
	struct timespec ts = {.tv_sec = us / 1000000, .tv_nsec = us % 1000000 * 1000};

	while (nanosleep(&ts, &ts))
		;
}

static long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void *spike(void *unused)
{
	long done = 0, longest = 0;

	for (; done < spikes; done++) {
		struct chain chain = {.last = NULL};
		long began;

		wait_us(below_us);
		began = now_ns();
		while (chain.bytes < bytes)
			if (!chain_add(&chain, (size_t)(block < bytes ? block : bytes))) {
				say("refused=%ld\n", done);
				return unused;
			}
		wait_us(above_us);
		chain_drop(&chain);
		longest = now_ns() - began > longest ? now_ns() - began : longest;
	}
	say("done=%ld longest=%ld\n", done, longest);
	return unused;
}

int main(int argc, char **argv)
{
	void *base = argc > 6 ? malloc((size_t)number(argv, 2) / 2) : NULL;
	pthread_t thread;

	if (argc < 6)
		return 2;
	spikes = number(argv, 1);
	bytes = number(argv, 2) / (base ? 2 : 1);
	block = number(argv, 3);
	above_us = number(argv, 4);
	below_us = number(argv, 5);
	if (!base) {
		spike(NULL);
	} else if (argv[6][0] == 't') {
		pthread_create(&thread, NULL, spike, NULL);
		pthread_join(thread, NULL);
	} else if (fork() == 0) {
		spike(NULL);
		_exit(0);
	} else {
		wait(NULL);
	}
	free(base);
	return 0;
}
