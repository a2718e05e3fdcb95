/*
 * fill_budget.c - how much a byte limit grants: fill_budget THREADS REQUEST MOST.
 *
 * Every thread takes blocks of REQUEST bytes and keeps them until one is
 * refused, or until it alone has MOST bytes, as without a limit it would take all
 * that the machine has. One thread is the main thread. Prints the threads that could be made, the usable
 * bytes granted and the blocks.
 *
 * SPDX-License-Identifier: MIT
 */
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>

#include "clocks.h"

enum { THREADS_MAX = 64 };

struct taker {
	pthread_t thread;
	size_t request;
	size_t most;
	size_t bytes;
	size_t blocks;
};

static struct taker takers[THREADS_MAX];

static void *take_all(void *arg)
{
	struct taker *me = arg;
	void **block;
	void **kept = NULL;

	while (me->bytes < me->most && (block = malloc(me->request)) != NULL) {
		*block = kept;
		kept = block;
		me->bytes += malloc_usable_size(block);
		me->blocks++;
	}
	return kept;
}

int main(int argc, char **argv)
{
	long threads = number_argument(argc, argv, 1, 8);
	size_t bytes = 0;
	size_t blocks = 0;
	long made = 0;

	if (threads < 1 || threads > THREADS_MAX)
		return 2;
	for (long i = 0; i < threads; i++) {
		takers[i].request = (size_t)number_argument(argc, argv, 2, 4096);
		takers[i].most = (size_t)number_argument(argc, argv, 3, 128 << 20);
	}
	while (threads > 1 && made < threads &&
	       pthread_create(&takers[made].thread, NULL, take_all, &takers[made]) == 0)
		made++;
	if (threads == 1)
		take_all(&takers[0]);
	for (long i = 0; i < made; i++)
		pthread_join(takers[i].thread, NULL);
	for (long i = 0; i < threads; i++) {
		bytes += takers[i].bytes;
		blocks += takers[i].blocks;
	}
	dprintf(1, "%ld %zu %zu\n", threads > 1 ? made : 1, bytes, blocks);
	return 0;
}
