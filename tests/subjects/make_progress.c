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

#include "api/reslimit.h"

static const char *how;
static long every, times;

static void get_on(void)
{
	int away = strcmp(how, "away") ? -1 : open("/dev/zero", O_WRONLY);
	int to = !strcmp(how, "out") ? 1 : !strcmp(how, "err") ? 2 : away;

	for (long i = 0; i < times; i++) {
		if (to < 0)
			reslimit_progress();
		else
			write(to, ".", 1);
		usleep((useconds_t)(every * 1000));
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
