/*
 * count_wakeups.c - sleeps, and says how often the guard's thread woke in all, and how many threads there
 * are.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>

#include "subject.h"

/* milliseconds to sleep */
int main(int argc, char **argv)
{
	struct dirent *entry;
	long wakeups = 0, threads = 0;
	DIR *tasks;

	(void)argc;
	usleep((useconds_t)number(argv, 1) * 1000);
	tasks = opendir("/proc/self/task");
	while (tasks && (entry = readdir(tasks))) {
		char path[300], text[4096] = "";
		const char *count;
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		threads++;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		f = fopen(path, "re");
		if (!f)
			return 97;
		fread(text, 1, sizeof(text) - 1, f);
		fclose(f);
		/* It sleeps once for each time that it wakes, and once more. */
		count = strstr(text, "\nvoluntary_ctxt_switches:");
		if (strstr(text, "Name:\treslimit-timer\n") && count)
			wakeups = strtol(strchr(count, ':') + 1, NULL, 10) - 1;
	}
	say("wakeups=%ld\nthreads=%ld\n", wakeups, threads);
	return 0;
}
