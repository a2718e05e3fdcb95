/*
 * libslow.c - an allocator that takes its time over large requests, as on a machine that stalls: a
 * malloc() of 1 MB or more sleeps before it is served, and one of 3 MB or more never is.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <time.h>

void *__libc_malloc(size_t size);

void *malloc(size_t size)
{
	const struct timespec stall = {.tv_nsec = 15000000};

	if (size < 1000000)
		return __libc_malloc(size);
	nanosleep(&stall, NULL);
	if (size < 3000000)
		return __libc_malloc(size);
	errno = ENOMEM;
	return NULL;
}
