/*
 * free_across_threads.c - one thread allocates, another frees, COUNT blocks; then what is left of the budget
 * is measured.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

enum { BATCH = 64 };
static void *batch[BATCH];
static pthread_barrier_t turn;
static long count;

static void *free_them(void *unused)
{
	(void)unused;
	for (long n = 0; n < count; n += BATCH) {
		pthread_barrier_wait(&turn);
		for (int i = 0; i < BATCH; i++)
			free(batch[i]);
		pthread_barrier_wait(&turn);
	}
	return NULL;
}

int main(int argc, char **argv)
{
	struct chain chain = {0};
	pthread_t thread;
	long refused = 0;

	count = argc > 1 ? number(argv, 1) : 100000;
	chain_fill(&chain, 1000);
	say("before=%ld\n", chain.bytes);
	chain_drop(&chain);
	pthread_barrier_init(&turn, NULL, 2);
	pthread_create(&thread, NULL, free_them, NULL);
	for (long n = 0; n < count; n += BATCH) {
		for (int i = 0; i < BATCH; i++) {
			batch[i] = malloc(1000);
			refused += !batch[i];
		}
		pthread_barrier_wait(&turn);
		pthread_barrier_wait(&turn);
	}
	pthread_join(thread, NULL);
	chain_fill(&chain, 1000);
	say("refused=%ld after=%ld\n", refused, chain.bytes);
	return 0;
}
