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
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include <reslimit.h>

/* One plug-in a process, so this could as well be reached without `state`. */
static struct baseline {
	const char *directory;
	long before, more;
} baseline;

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
	static char path[PATH_MAX];
	const char *comma = strrchr(arg, ',');
	char *end;

	if (!comma || comma - arg >= PATH_MAX)
		return 1;
	memcpy(path, arg, (size_t)(comma - arg));
	baseline.more = strtol(comma + 1, &end, 10);
	if (end == comma + 1 || *end)
		return 2;
	/* The working directory is the program's here, and no longer at the checks. */
	baseline.directory = path[0] == '/' ? path : realpath(path, NULL);
	baseline.before = baseline.directory ? count_files(baseline.directory) : -1;
	*state = &baseline;
	return baseline.before < 0 ? 3 : 0;
}

int reslimit_check(const struct reslimit_sample *sample, void *state)
{
	const struct baseline *start = state;

	(void)sample;
	return count_files(start->directory) > start->before + start->more;
}
