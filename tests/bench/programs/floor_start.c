/*
 * floor_start.c - the floor of a start: a library that hooks one function and, depending on PARTS, does the
 * least of what keeping the promises takes: 1 a file that others of the tree find, 2 a thread that libc does
 * not know of and that sleeps, 3 both.
 *
 * The file is one page, found again after exec by its name, removed at the end. The thread is made by
 * clone(), all signals blocked, and never wakes.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "floor_thread.h"
#include "next.h"

enum { SHARED_FILE = 1, SLEEPING_THREAD = 2 };
enum { PAGE = 4096 };

DEFINE_NEXT(void *, malloc, (size_t size), (size))

void *malloc(size_t size)
{
	return next_malloc(size);
}

static char path[64];

static void share_file(void)
{
	int fd;
	char *page;

	snprintf(path, sizeof(path), "/dev/shm/reslimit-bench-%d", (int)getpid());
	fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PAGE) != 0)
		_exit(2);
	page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (page == MAP_FAILED)
		_exit(2);
	*page = 1;
	close(fd);
}

__attribute__((constructor)) static void begin(void)
{
	if (PARTS & SHARED_FILE)
		share_file();
	if (PARTS & SLEEPING_THREAD)
		start_sleeping_thread();
}

__attribute__((destructor)) static void end(void)
{
	if (PARTS & SHARED_FILE)
		unlink(path);
}
