/*
 * fail_to_create_thread.c - asks for a stack that no machine has, some times, and then for an ordinary
 * thread.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static void *nothing(void *unused)
{
	return unused;
}

int main(void)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error = 0;

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
