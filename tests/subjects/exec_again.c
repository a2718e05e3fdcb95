/*
 * exec_again.c - executes itself N times, then counts the descriptors from 600 on.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>

int main(int argc, char **argv)
{
	long n = number(argv, argc - 1);
	char less[16];
	int high = 0;

	if (n > 0) {
		snprintf(less, sizeof(less), "%ld", n - 1);
		execl("/proc/self/exe", "exec_again", less, NULL);
		return 1;
	}
	for (int fd = 600; fd < 1024; fd++)
		high += fcntl(fd, F_GETFD) >= 0;
	say("high=%d\n", high);
	return 0;
}
