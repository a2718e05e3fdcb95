/*
 * fork_in_threads.c - forks while other threads allocate; atfork handlers and children allocate too.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <stdatomic.h>

static atomic_int stop;

static void allocate_some(void)
{
	void *volatile p = malloc(1234);

	free(p);
}

static void *keep_allocating(void *unused)
{
	while (!atomic_load(&stop)) {
		void *volatile p[32];

		for (int i = 0; i < 32; i++)
			p[i] = malloc((size_t)(i * 97 + 1));
		for (int i = 0; i < 32; i++)
			free(p[i]);
	}
	return unused;
}

int main(void)
{
	pthread_t thread[4];
	long refused = 0, bad = 0;

	pthread_atfork(allocate_some, allocate_some, allocate_some);
	for (int i = 0; i < 4; i++)
		if (pthread_create(&thread[i], NULL, keep_allocating, NULL))
			return 1;
	for (int i = 0; i < 200; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			for (int n = 0; n < 100; n++)
				allocate_some();
			_exit(9);
		}
		refused += pid < 0;
		bad += pid > 0 && WEXITSTATUS(reap(pid)) != 9;
	}
	atomic_store(&stop, 1);
	for (int i = 0; i < 4; i++)
		pthread_join(thread[i], NULL);
	say("refused=%ld bad=%ld\n", refused, bad);
	return 0;
}
