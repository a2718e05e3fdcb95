/*
 * resize_oddly.c - what realloc() gives back in its rarer ways: WAY.
 *
 * WAY: free (to nothing, of blocks with a mapping of their own), fail (the kernel has no memory for more),
 *      huge (more than there can be), wait (refusals of one thread after another's realloc has
 *      come back or failed).
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <stdint.h>
#include <sys/resource.h>

enum { BLOCK = 1 << 20, MORE = 300 << 20, TIMES = 100, REFUSALS = 20 };

static void go_free(void)
{
	for (int i = 0; i < TIMES; i++) {
		void *block = malloc(BLOCK);

		if (!block || realloc(block, 0)) {
			say("at %d\n", i);
			return;
		}
	}
	say("freed=%d\n", TIMES);
}

/* Return: how often the kernel, not the budget, refused. */
static int fail_to_grow(void)
{
	struct rlimit few = {200 << 20, RLIM_INFINITY}, all = {RLIM_INFINITY, RLIM_INFINITY};
	void *block = malloc(BLOCK);
	int failed = 0;

	setrlimit(RLIMIT_AS, &few);
	for (int i = 0; i < TIMES; i++)
		failed += !realloc(block, MORE) && errno == ENOMEM;
	setrlimit(RLIMIT_AS, &all);
	free(block);
	return failed;
}

static void go_fail(void)
{
	struct chain chain = {0};
	long before;

	chain_fill(&chain, BLOCK);
	before = chain.blocks;
	chain_drop(&chain);
	say("failed=%d\n", fail_to_grow());
	chain_fill(&chain, BLOCK);
	/* libc stops mapping blocks of their own once one was freed: they become smaller. */
	say("lost=%ld\n", before > chain.blocks ? before - chain.blocks : 0);
}

static void go_huge(void)
{
	volatile size_t huge[] = {SIZE_MAX, SIZE_MAX - 4096, (size_t)INT64_MAX + 1};
	char *block = malloc(BLOCK);
	int refused = 0;

	for (int i = 0; i < 3; i++) {
		errno = 0;
		refused += !realloc(block, huge[i]) && errno == ENOMEM;
	}
	say("refused=%d\n", refused);
}

static void *meet_refusals(void *unused)
{
	int refused = 0;

	/* By less than what the other's realloc would have given back. */
	for (int i = 0; i < REFUSALS; i++)
		refused += !malloc(600 << 20);
	say("met=%d\n", refused);
	return unused;
}

static void go_wait(void)
{
	pthread_t thread;

	free(realloc(malloc(BLOCK), 2 * BLOCK));
	say("failed=%d\n", fail_to_grow());
	pthread_create(&thread, NULL, meet_refusals, NULL);
	pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
	const char *way = argv[argc - 1];

	if (!strcmp(way, "free"))
		go_free();
	if (!strcmp(way, "fail"))
		go_fail();
	if (!strcmp(way, "huge"))
		go_huge();
	if (!strcmp(way, "wait"))
		go_wait();
	return 0;
}
