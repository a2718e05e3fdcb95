/*
 * make_files.c - makes N files in a directory and waits for MS milliseconds: DIRECTORY N MS.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <fcntl.h>
#include <time.h>

int main(int argc, char **argv)
{
	struct timespec left = {.tv_sec = number(argv, 3) / 1000,
				.tv_nsec = number(argv, 3) % 1000 * 1000000};

	(void)argc;
	for (long i = 0; i < number(argv, 2); i++) {
		char path[400];

		snprintf(path, sizeof(path), "%s/left-%d-%ld", argv[1], (int)getpid(), i);
		close(open(path, O_CREAT | O_WRONLY, 0600));
	}
	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
	return 0;
}
