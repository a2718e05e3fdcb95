/*
 * fail_to_create_thread.c - asks for a stack that no machine has, some times, and then for an ordinary
 * thread; "after" two at once that have ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static void *nothing(void *unused)
{
	return unused;
}

static pthread_barrier_t barrier;

static void *meet(void *unused)
{
	pthread_barrier_wait(&barrier);
	return unused;
}

static int make_two(void)
{
	pthread_t thread[2];

	pthread_barrier_init(&barrier, NULL, 2);
	for (int i = 0; i < 2; i++)
		if (pthread_create(&thread[i], NULL, meet, NULL))
			return 1;
	return pthread_join(thread[0], NULL) || pthread_join(thread[1], NULL);
}

int main(int argc, char **argv)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error = 0;

	if (argc > 1 && !strcmp(argv[1], "after") && make_two())
		return 2;
	pthread_attr_init(&attr);
	if (pthread_attr_setstacksize(&attr, (size_t)1 << 46))
		return 77;
	for (int i = 0; i < 5; i++)
		error = pthread_create(&thread, &attr, nothing, NULL);
	say("absurd=%d\n", error);
	error = pthread_create(&thread, NULL, nothing, NULL);
	say("ordinary=%d\n", error);
	return error ? 1 : pthread_join(thread, NULL);
}
