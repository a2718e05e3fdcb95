/*
 * be_busy_and_wait.c - threads that spin in one function and threads that wait in another, for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>

#include "subject.h"

extern const char __ehdr_start[]; /* where the file's first byte lies */

static pthread_mutex_t never = PTHREAD_MUTEX_INITIALIZER;
static volatile long turns;

static void __attribute__((noinline)) spin_in_here(void)
{
	for (;;)
		turns++;
}

static void *spin(void *unused)
{
	spin_in_here();
	return unused;
}

static void __attribute__((noinline)) wait_in_here(void)
{
	pthread_mutex_lock(&never);
	turns++;
}

static void *wait_for_it(void *unused)
{
	wait_in_here();
	return unused;
}

static void __attribute__((noinline)) sleep_in_here(void)
{
	for (;;)
		pause();
}

static void start(long n, void *(*function)(void *))
{
	pthread_attr_t attributes;
	pthread_t thread;

	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, 64 << 10);
	for (long i = 0; i < n; i++)
		if (pthread_create(&thread, &attributes, function, NULL))
			break;
}

/* spinners waiters sleep|spin|ignore */
int main(int argc, char **argv)
{
	const char *how = argc > 3 ? argv[3] : "sleep";

	if (!strcmp(how, "ignore"))
		signal(SIGTERM, SIG_IGN);
	pthread_mutex_lock(&never);
	start(number(argv, 1), spin);
	start(number(argv, 2), wait_for_it);
	say("spin=%ld\nwait=%ld\nsleep=%ld\n", (long)((char *)spin_in_here - __ehdr_start),
	    (long)((char *)wait_in_here - __ehdr_start), (long)((char *)sleep_in_here - __ehdr_start));
	if (!strcmp(how, "spin"))
		spin_in_here();
	sleep_in_here();
	return turns != 0;
}
