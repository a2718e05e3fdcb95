/*
 * leave_places.c - CHILDREN make a thread each, which ends, and stay; then this process makes threads until
 * refused, WANTED at most, and ends them; then each child makes a thread again. Prints how many of each.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

enum { MOST = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static void *wait_for_lock(void *unused)
{
	pthread_mutex_lock(&lock);
	pthread_mutex_unlock(&lock);
	return unused;
}

static char make_one(void)
{
	pthread_t thread;

	return !pthread_create(&thread, NULL, wait_for_lock, NULL) && !pthread_join(thread, NULL);
}

static void make_and_tell(int tell)
{
	char byte = make_one();

	if (write(tell, &byte, 1) != 1)
		_exit(1);
}

static void child(int told, int tell)
{
	char byte;

	make_and_tell(tell);
	if (read(told, &byte, 1) != 1)
		_exit(1);
	make_and_tell(tell);
	_exit(0);
}

static long make(long wanted)
{
	pthread_t thread[MOST];
	long made = 0;

	pthread_mutex_lock(&lock);
	while (made < wanted && !pthread_create(&thread[made], NULL, wait_for_lock, NULL))
		made++;
	pthread_mutex_unlock(&lock);
	for (long i = 0; i < made; i++)
		pthread_join(thread[i], NULL);
	return made;
}

/* Return: how many of the children could. */
static long hear(int from, long children)
{
	long sum = 0;
	char byte;

	for (long i = 0; i < children; i++)
		sum += read(from, &byte, 1) == 1 && byte;
	return sum;
}

int main(int argc, char **argv)
{
	long children = number(argv, argc - 2), wanted = number(argv, argc - 1), again = 0;
	int down[2], up[2];

	if (children > MOST || wanted > MOST || pipe(down) || pipe(up))
		return 2;
	for (long i = 0; i < children; i++) {
		if (fork() == 0)
			child(down[0], up[1]);
		/* One after the other: each ends its thread before the next begins. */
		if (hear(up[0], 1) != 1)
			return 3;
	}
	say("made=%ld\n", make(wanted));
	/* One after the other again. */
	for (long i = 0; i < children; i++)
		again += write(down[1], "", 1) == 1 ? hear(up[0], 1) : 0;
	say("again=%ld\n", again);
	return 0;
}
