/*
 * use_up_descriptors.c - opens files until no more can be open, and ends so: as it may, 3.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>

#include "subject.h"

int main(void)
{
	struct rlimit files;

	getrlimit(RLIMIT_NOFILE, &files);
	files.rlim_cur = 64;
	if (setrlimit(RLIMIT_NOFILE, &files))
		return 1;
	while (open("/dev/null", O_RDONLY) >= 0)
		;
	return errno == EMFILE ? 3 : 2;
}
