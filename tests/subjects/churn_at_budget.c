/*
 * churn_at_budget.c - PROCS x THREADS allocate and free for SECONDS at PERCENT of BUDGET bytes; counts two
 * things.
 *
 * over     instants at which more was granted than BUDGET: a sum that grows after each grant and shrinks
 *          before each free
 * refused  refusals. A thread asks only for what fits: it first adds the most that the block can take to
 *          a second sum, of what was asked for and not yet freed, and gives up if that passes PERCENT of
 *          BUDGET. Up to 99 there is at every instant of every call room for it, and for what libc needs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>

enum { BLOCKS = 512, MOST_THREADS = 64, MOST_SLACK = 16 };

static struct shared {
	_Atomic long started, granted, asked, over, refused, grants, most;
} * shared;
static long budget, within, everybody;
static time_t last;

struct block {
	void *start;
	long most;
};

static void drop(struct block *b)
{
	if (!b->start)
		return;
	atomic_fetch_sub(&shared->granted, (long)malloc_usable_size(b->start));
	free(b->start);
	atomic_fetch_sub(&shared->asked, b->most);
	b->start = NULL;
}

static void take(struct block *b, long size)
{
	long sum;

	b->most = size + MOST_SLACK;
	if (atomic_fetch_add(&shared->asked, b->most) + b->most > within) {
		atomic_fetch_sub(&shared->asked, b->most);
		return;
	}
	b->start = malloc((size_t)size);
	if (!b->start) {
		atomic_fetch_add(&shared->refused, 1);
		atomic_fetch_sub(&shared->asked, b->most);
		return;
	}
	if ((long)malloc_usable_size(b->start) > b->most)
		_exit(97);
	sum = atomic_fetch_add(&shared->granted, (long)malloc_usable_size(b->start)) +
	      (long)malloc_usable_size(b->start);
	if (sum > budget)
		atomic_fetch_add(&shared->over, 1);
	if (sum > atomic_load(&shared->most))
		atomic_store(&shared->most, sum);
	atomic_fetch_add(&shared->grants, 1);
}

static void *churn(void *arg)
{
	struct block block[BLOCKS] = {0};
	unsigned seed = (unsigned)(uintptr_t)arg;

	/* A thread's own start needs memory too. */
	atomic_fetch_add(&shared->started, 1);
	while (atomic_load(&shared->started) < everybody)
		usleep(1000);
	while (time(NULL) < last) {
		for (int i = 0; i < 200; i++) {
			struct block *b = &block[rand_r(&seed) % BLOCKS];

			drop(b);
			take(b, 16 * (1 + rand_r(&seed) % 4000) + 8);
		}
	}
	for (int i = 0; i < BLOCKS; i++)
		drop(&block[i]);
	return NULL;
}

int main(int argc, char **argv)
{
	long procs = number(argv, argc - 5), threads = number(argv, argc - 4);
	pthread_t thread[MOST_THREADS];

	budget = number(argv, argc - 2);
	within = budget / 100 * number(argv, argc - 1);
	everybody = procs * threads;
	last = time(NULL) + number(argv, argc - 3);
	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	for (long p = 0; p < procs; p++) {
		if (fork())
			continue;
		for (long t = 0; t < threads; t++)
			if (pthread_create(&thread[t], NULL, churn, (void *)(uintptr_t)(p * threads + t + 1)))
				_exit(96);
		for (long t = 0; t < threads; t++)
			pthread_join(thread[t], NULL);
		_exit(0);
	}
	for (long p = 0; p < procs; p++)
		if (reap(-1))
			return 1;
	say("over=%ld refused=%ld grants=%ld most=%ld left=%ld\n", atomic_load(&shared->over),
	    atomic_load(&shared->refused), atomic_load(&shared->grants), atomic_load(&shared->most),
	    atomic_load(&shared->granted));
	return 0;
}
