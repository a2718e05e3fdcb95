/*
 * replace_descriptor.c - for MS milliseconds, closes 0 and expects to get 0 again at once, as daemons do.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <time.h>

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int main(int argc, char **argv)
{
	long end = now_ms() + (argc > 1 ? number(argv, 1) : 100);
	long times = 0;

	do {
		int fd;

		close(0);
		fd = open("/dev/null", O_RDONLY);
		if (fd != 0) {
			say("got %d instead of 0 after %ld times\n", fd, times);
			return 1;
		}
		times++;
	} while (now_ms() < end);
	return 0;
}
