/*
 * run_destructors.c - threads whose key destructors allocate and free, round after round, as they end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static pthread_key_t key;
static _Thread_local char *own;

static void destroy(void *value)
{
	static _Thread_local int rounds;

	free(value);
	free(own);
	own = malloc(5000);
	if (rounds++ < 3)
		pthread_setspecific(key, malloc(3000));
	else
		free(own);
}

static void *use(void *unused)
{
	own = malloc(2000);
	pthread_setspecific(key, malloc(1000));
	return unused;
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? number(argv, 1) : 500;
	struct chain chain = {0};
	pthread_t thread;
	long before;

	pthread_key_create(&key, destroy);
	pthread_create(&thread, NULL, use, NULL); /* what libc allocates once */
	pthread_join(thread, NULL);
	chain_fill(&chain, 1000);
	before = chain.bytes;
	chain_drop(&chain);
	for (long i = 0; i < count; i++) {
		if (pthread_create(&thread, NULL, use, NULL))
			return 1;
		pthread_join(thread, NULL);
	}
	chain_fill(&chain, 1000);
	say("before=%ld after=%ld\n", before, chain.bytes);
	return 0;
}
