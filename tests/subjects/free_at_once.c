/*
 * free_at_once.c - frees each block right after it got it, and tells what became of it.
 *
 * usage: free_at_once ask SIZE | threads COUNT | full
 *
 * ask:     whether libc was told, and whether the next request gets the block; and if it is of another size
 * threads: how many bytes libc believes to be in use that were not, after COUNT threads came and went
 * full:    what the next request gets once another thread has used up the budget, and after that
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <stdint.h>

enum { SIZE = 100 };

extern void *__libc_malloc(size_t size);

static void *free_some(void *unused)
{
	(void)unused;
	for (int i = 0; i < 4; i++)
		free(malloc(SIZE));
	return NULL;
}

static void run(void *(*function)(void *), void *argument)
{
	pthread_t thread;

	pthread_create(&thread, NULL, function, argument);
	pthread_join(thread, NULL);
}

static void ask(size_t size)
{
	uintptr_t block = (uintptr_t)malloc(size);

	free((void *)block);
	say("libc_gives_it=%d\n", (uintptr_t)__libc_malloc(size) == block);
	say("given_again=%d\n", (uintptr_t)malloc(size) == block);

	block = (uintptr_t)malloc(size);
	free((void *)block);
	say("large_enough=%d\n", malloc_usable_size(malloc(size + 32)) >= size + 32);
	say("libc_gives_it_then=%d\n", (uintptr_t)__libc_malloc(size) == block);
}

static void use_threads(long count)
{
	size_t before;

	/* The first bring memory of their own, which stays. */
	for (int i = 0; i < 10; i++)
		run(free_some, NULL);
	before = mallinfo2().uordblks;
	while (count--)
		run(free_some, NULL);
	say("left=%ld\n", (long)(mallinfo2().uordblks - before));
}

static void *fill(void *chain)
{
	chain_fill(chain, 1000);
	chain_fill(chain, 1);
	return NULL;
}

static void *drop(void *chain)
{
	chain_drop(chain);
	return NULL;
}

static void ask_when_full(void)
{
	struct chain chain = {.last = NULL};
	void *block;

	free(malloc(SIZE));
	run(fill, &chain);
	errno = 99;
	block = malloc(SIZE);
	say("full=%d errno=%d\n", block != NULL, errno);
	run(drop, &chain);
	block = malloc(SIZE);
	say("room=%d\n", block != NULL);
}

int main(int argc, char **argv)
{
	/* By its first blocks the guard finds out about sizes. */
	for (int i = 0; i < 100; i++)
		free(malloc(2000));
	if (argc > 2 && !strcmp(argv[1], "ask"))
		ask((size_t)number(argv, 2));
	else if (argc > 2 && !strcmp(argv[1], "threads"))
		use_threads(number(argv, 2));
	else
		ask_when_full();
	return 0;
}
