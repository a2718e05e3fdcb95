/*
 * thread_in_atfork.c - TIMES children, in each of which a handler of pthread_atfork() makes a thread and
 * waits for it; then one thread here.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <threads.h>

static int error;

static void *nothing(void *unused)
{
	return unused;
}

static int no_thing(void *unused)
{
	(void)unused;
	return 0;
}

static void make_threads(void)
{
	pthread_t thread;
	thrd_t other;

	error = pthread_create(&thread, NULL, nothing, NULL);
	if (!error)
		error = pthread_join(thread, NULL);
	if (!error && thrd_create(&other, no_thing, NULL) == thrd_success)
		thrd_join(other, NULL);
	else
		error = error ? error : -1;
}

int main(int argc, char **argv)
{
	int refused = 0;

	pthread_atfork(NULL, NULL, make_threads);
	for (long i = 0; i < number(argv, argc - 1); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			if (!error)
				make_threads();
			_exit(error != 0);
		}
		refused += reap(pid) != 0;
	}
	make_threads();
	say("refused=%d error=%d\n", refused, error);
	return 0;
}
