/*
 * cycle_threads.c - COUNT times one thread after the other, each ended by HOW; counts the refusals.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <sched.h>

static void *end_so(void *how)
{
	const char *name = how;

	if (!strcmp(name, "exit"))
		pthread_exit(NULL);
	if (!strcmp(name, "cancel"))
		for (;;)
			pause();
	if (!strcmp(name, "async")) {
		pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
		for (;;)
			;
	}
	if (!strcmp(name, "detachself"))
		pthread_detach(pthread_self());
	return NULL;
}

/* A detached thread's end cannot be awaited, so try until there is room again. */
static int create_detached(char *how)
{
	pthread_attr_t attr;
	pthread_t thread;
	int error;

	pthread_attr_init(&attr);
	if (!strcmp(how, "detached"))
		pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	do {
		error = pthread_create(&thread, &attr, end_so, how);
		if (!error && !strcmp(how, "detach"))
			pthread_detach(thread);
		sched_yield();
	} while (error == EAGAIN);
	return error;
}

int main(int argc, char **argv)
{
	long count = number(argv, argc - 1), refused = 0;
	char *how = argv[1];

	for (long i = 0; i < count; i++) {
		pthread_t thread;

		if (!strncmp(how, "detach", 6)) {
			refused += create_detached(how) != 0;
			continue;
		}
		if (pthread_create(&thread, NULL, end_so, how)) {
			refused++;
			continue;
		}
		if (!strcmp(how, "cancel") || !strcmp(how, "async"))
			pthread_cancel(thread);
		pthread_join(thread, NULL);
	}
	say("refused=%ld\n", refused);
	return 0;
}
