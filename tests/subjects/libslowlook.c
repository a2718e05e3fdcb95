/*
 * libslowlook.c - makes each look at a process's threads take 60 ms, as on a machine that stalls.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

DIR *opendir(const char *path)
{
	const struct timespec stall = {.tv_nsec = 60000000};
	size_t len = strlen(path);
	int fd;

	if (len > 5 && !strcmp(path + len - 5, "/task"))
		nanosleep(&stall, NULL);
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return fd < 0 ? NULL : fdopendir(fd);
}
