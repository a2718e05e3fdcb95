/*
 * join_first_thread.c - a thread waits for the end of the first, and ends the process with 5.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

#include "subject.h"

static void *join(void *first)
{
	if (pthread_join(*(pthread_t *)first, NULL))
		_exit(6);
	exit(5);
}

int main(void)
{
	static pthread_t first, thread;

	first = pthread_self();
	if (pthread_create(&thread, NULL, join, &first))
		return 7;
	usleep(20000);
	pthread_exit(NULL);
}
