/*
 * create_threads.c - creates threads by HOW (pthread or thrd) until refused, at most N; ends them; and again.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <threads.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *wait_pthread(void *unused)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return unused;
}

static int wait_thrd(void *unused)
{
	wait_pthread(unused);
	return 7;
}

int main(int argc, char **argv)
{
	int c11 = argc > 1 && !strcmp(argv[1], "thrd");
	long n = number(argv, 2);
	pthread_t thread[256];
	thrd_t thrd[256];

	for (int round = 0; round < 3; round++) {
		long made = 0;
		int error = 0;

		pthread_mutex_lock(&lock);
		errno = 99;
		for (; made < n && !error; made += !error)
			error = c11 ? thrd_create(&thrd[made], wait_thrd, NULL)
				    : pthread_create(&thread[made], NULL, wait_pthread, NULL);
		say("made%d=%ld error=%d errno=%d\n", round, made, error, errno);
		pthread_mutex_unlock(&lock);
		for (long i = 0; i < made; i++) {
			int result = 7;

			if (c11 ? thrd_join(thrd[i], &result) : pthread_join(thread[i], NULL))
				return 1;
			if (result != 7)
				return 2;
		}
	}
	return thrd_nomem == 3 ? 0 : 3;
}
