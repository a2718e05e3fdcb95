/*
 * create_threads_in_child.c - holds HERE threads; a forked child creates threads until refused, at most 64.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	long here = number(argv, argc - 1), made = 0;
	pthread_t thread;
	pid_t pid;

	for (long i = 0; i < here; i++)
		if (pthread_create(&thread, NULL, wait_for_ever, NULL))
			return 1;
	pid = fork();
	if (pid == 0) {
		while (made < 64 && !pthread_create(&thread, NULL, wait_for_ever, NULL))
			made++;
		say("child=%ld\n", made);
		_exit(0);
	}
	reap(pid);
	made = 0;
	while (made < 64 && !pthread_create(&thread, NULL, wait_for_ever, NULL))
		made++;
	say("parent=%ld\n", made);
	return 0;
}
