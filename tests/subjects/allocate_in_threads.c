/*
 * allocate_in_threads.c - THREADS threads allocate blocks of SIZE at once until each is refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <stdatomic.h>

static pthread_barrier_t start, end;
static size_t size;
static atomic_long total;

static void *fill(void *unused)
{
	struct chain chain = {0};

	(void)unused;
	pthread_barrier_wait(&start);
	while (chain_add(&chain, size))
		atomic_fetch_add(&total, (long)malloc_usable_size(chain.last));
	pthread_barrier_wait(&end); /* nobody frees before all were refused */
	pthread_barrier_wait(&end);
	chain_drop(&chain);
	return NULL;
}

int main(int argc, char **argv)
{
	unsigned int threads = (unsigned int)number(argv, 1);
	pthread_t thread[64];
	struct chain chain = {0};

	size = argc > 2 ? (size_t)number(argv, 2) : 4096;
	pthread_barrier_init(&start, NULL, threads);
	pthread_barrier_init(&end, NULL, threads + 1);
	for (unsigned int i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, fill, NULL))
			return 1;
	pthread_barrier_wait(&end);
	say("total=%ld\n", atomic_load(&total));
	pthread_barrier_wait(&end);
	for (unsigned int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	chain_fill(&chain, size);
	say("alone=%ld\n", chain.bytes);
	return 0;
}
