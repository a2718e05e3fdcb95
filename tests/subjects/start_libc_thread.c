/*
 * start_libc_thread.c - with "timer" has libc make a thread of its own; with "own" makes and joins one.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static void *nothing(void *unused)
{
	return unused;
}

static void expire(union sigval unused)
{
	(void)unused;
}

int main(int argc, char **argv)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD, .sigev_notify_function = expire};
	pthread_t thread;
	timer_t timer;

	if (!strcmp(argv[argc - 1], "timer"))
		return timer_create(CLOCK_MONOTONIC, &event, &timer) != 0;
	return pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL);
}
