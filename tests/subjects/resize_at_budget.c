/*
 * resize_at_budget.c - fills the budget to the byte; then RESIZERS threads change their blocks within what
 * they had, and one gives its block back and takes it again, ROUNDS times: nothing of that may be refused.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <stdatomic.h>

/* What is taken again is a little less: libc may round it up by a rest that is too small to split. */
enum {
	MOST = 8,
	LARGE = 100000,
	MORE = LARGE - 100,
	LESS = LARGE - 1000,
	BLOCK = 60000,
	AGAIN = BLOCK - 100
};

static pthread_barrier_t ready, full;
static atomic_int done;
static atomic_long refused_resizes, refused_blocks;
static long rounds;

static void *resize(void *unused)
{
	char *block = malloc(LARGE), *moved;

	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&full);
	for (size_t size = LESS; !atomic_load(&done); size = MORE + LESS - size) {
		moved = realloc(block, size);
		if (moved)
			block = moved;
		else
			atomic_fetch_add(&refused_resizes, 1);
	}
	return unused;
}

static void *take_and_give(void *unused)
{
	void *block = malloc(BLOCK);

	pthread_barrier_wait(&ready);
	pthread_barrier_wait(&full);
	for (long i = 0; i < rounds; i++) {
		free(block);
		block = malloc(AGAIN);
		if (!block)
			atomic_fetch_add(&refused_blocks, 1);
	}
	atomic_store(&done, 1);
	return unused;
}

int main(int argc, char **argv)
{
	long resizers = number(argv, argc - 2);
	pthread_t thread[MOST + 1];

	rounds = number(argv, argc - 1);
	pthread_barrier_init(&ready, NULL, (unsigned)resizers + 2);
	pthread_barrier_init(&full, NULL, (unsigned)resizers + 2);
	for (long i = 0; i <= resizers; i++)
		pthread_create(&thread[i], NULL, i ? resize : take_and_give, NULL);
	pthread_barrier_wait(&ready);
	for (size_t size = 65536; size >= 16; size /= 2)
		while (malloc(size))
			;
	pthread_barrier_wait(&full);
	for (long i = 0; i <= resizers; i++)
		pthread_join(thread[i], NULL);
	say("refused blocks=%ld resizes=%ld\n", atomic_load(&refused_blocks), atomic_load(&refused_resizes));
	return 0;
}
