/*
 * open_lowest.c - counts how often a descriptor was not the lowest that this program left free, for so many
 * ms.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <time.h>

int main(int argc, char **argv)
{
	int lowest = open("/dev/null", O_RDONLY);
	time_t end = time(NULL) + number(argv, argc - 1) / 1000 + 1;
	long wrong = 0;

	while (time(NULL) < end) {
		for (int i = 0; i < 1000; i++) {
			int fd;

			close(lowest);
			fd = open("/dev/null", O_RDONLY);
			if (fd != lowest) {
				wrong++;
				close(fd);
				fd = open("/dev/null", O_RDONLY);
			}
			lowest = fd;
		}
	}
	say("wrong=%ld\n", wrong);
	return 0;
}
