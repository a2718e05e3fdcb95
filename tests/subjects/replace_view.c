/*
 * replace_view.c - at the limit, maps private memory over a view whose pages another view shows, too: those
 * stay charged, so that is refused, and nothing is lost.
 *
 * Usage: replace_view
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/mman.h>

#include "subject.h"

enum { SIZE = 64 * 4096, RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

int main(void)
{
	int fd = memfd_create("view", MFD_CLOEXEC), refused;
	char *first, *second;

	if (ftruncate(fd, SIZE))
		return 95;
	first = mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0);
	second = mmap(NULL, SIZE, RW, MAP_SHARED, fd, 0);
	first[1] = 'x';
	while (mmap(NULL, SIZE, RW, PRIVATE, -1, 0) != MAP_FAILED)
		;
	refused = mmap(first, SIZE, RW, PRIVATE | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM;
	say("refused=%d shown=%c%c\n", refused, first[1], second[1]);
	return 0;
}
