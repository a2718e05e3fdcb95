/*
 * leftover_files.c - an example of a plug-in: ends a program that leaves too many files in a directory.
 *
 *   cc -shared -fPIC -o leftover_files.so leftover_files.c      # with reslimit installed
 *   reslimit-env --plugin ./leftover_files.so:/tmp,100 -- ./program
 *
 * ARG is DIRECTORY,N: a violation is more than N files beyond those that were
 * there at the start, which reslimit_init() counts once, before main. The
 * verdict is then custom:leftover_files.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <reslimit.h>

struct state {
	char *directory;
	long before, more;
};

/* Return: -1 if the directory cannot be read. */
static long count_files(const char *path)
{
	DIR *directory = opendir(path);
	long count = 0;

	if (!directory)
		return -1;
	for (struct dirent *entry; (entry = readdir(directory));)
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

int reslimit_init(const char *arg, void **state)
{
	const char *comma = strrchr(arg, ',');
	struct state *self = calloc(1, sizeof(*self));
	char *end;

	if (!self || !comma)
		return 1;
	self->directory = strndup(arg, (size_t)(comma - arg));
	self->more = strtol(comma + 1, &end, 10);
	if (!self->directory || end == comma + 1 || *end)
		return 2;
	/* The working directory is the program's here, and no longer at the checks. */
	if (self->directory[0] != '/')
		self->directory = realpath(self->directory, NULL);
	self->before = self->directory ? count_files(self->directory) : -1;
	*state = self;
	return self->before < 0 ? 3 : 0;
}

int reslimit_check(const struct reslimit_sample *sample, void *state)
{
	const struct state *self = state;

	(void)sample;
	return count_files(self->directory) > self->before + self->more;
}
