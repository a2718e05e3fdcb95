/*
 * fork_in_thread.c - forks in a thread, which ends in the child; N threads at most are then made on both
 * sides.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long most;

static void *wait_for_lock(void *unused)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return unused;
}

static long make_threads(void)
{
	pthread_t thread[64];
	long made = 0;

	pthread_mutex_lock(&lock);
	while (made < most && !pthread_create(&thread[made], NULL, wait_for_lock, NULL))
		made++;
	pthread_mutex_unlock(&lock);
	for (long i = 0; i < made; i++)
		pthread_join(thread[i], NULL);
	return made;
}

static void *outlive(void *forker)
{
	if (pthread_join(*(pthread_t *)forker, NULL))
		_exit(3);
	say("child=%ld\n", make_threads());
	_exit(0);
}

static void *fork_here(void *unused)
{
	static pthread_t self, thread;
	pid_t pid = fork();

	if (pid == 0) {
		self = pthread_self();
		if (pthread_create(&thread, NULL, outlive, &self))
			_exit(2);
		pthread_exit(NULL);
	}
	say("status=%d\n", reap(pid));
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	most = number(argv, argc - 1);
	if (pthread_create(&thread, NULL, fork_here, NULL) || pthread_join(thread, NULL))
		return 1;
	say("parent=%ld\n", make_threads());
	return 0;
}
