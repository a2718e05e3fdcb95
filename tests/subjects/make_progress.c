/*
 * make_progress.c - gets on every EVERY ms for FOR ms, then hangs. HOW: call, thread (another thread calls),
 * child (a child calls, and ends then), out, err, away (writes to another file); or ask: says what one call
 * returns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <pthread.h>
#include <time.h>

#include "api/reslimit.h"

static const char *how;
static long every, times;
static struct timespec begun;

/* Since main began: on a machine that is busy, what one wait was late by is not added to the others. */
static void wait_until(long ms)
{
	struct timespec until = begun;

	until.tv_nsec += ms % 1000 * 1000000;
	until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
	until.tv_nsec %= 1000000000;
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void get_on(void)
{
	int away = strcmp(how, "away") ? -1 : open("/dev/zero", O_WRONLY);
	int to = !strcmp(how, "out") ? 1 : !strcmp(how, "err") ? 2 : away;

	for (long i = 0; i < times; i++) {
		if (to < 0)
			reslimit_progress();
		else
			write(to, ".", 1);
		wait_until((i + 1) * every);
	}
}

static void *run(void *unused)
{
	get_on();
	return unused;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	clock_gettime(CLOCK_MONOTONIC, &begun);
	how = argv[1];
	if (!strcmp(how, "ask")) {
		int result = reslimit_progress();

		say("%d %s\n", result, result ? strerror(errno) : "");
		return 0;
	}
	if (argc < 4)
		return 96;
	every = number(argv, 2);
	times = number(argv, 3) / every;
	if (!strcmp(how, "thread"))
		pthread_create(&thread, NULL, run, NULL);
	else if (strcmp(how, "child") != 0)
		get_on();
	else if (fork() == 0) {
		get_on();
		_exit(0);
	}
	for (;;)
		pause();
}
