/*
 * show_timer.c - sleeps FOR ms, then says how often its other thread went to sleep: "threads=N sleeps=N".
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dirent.h>

static long sleeps_of(const char *tid)
{
	char path[300], text[4096] = "";
	const char *at;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%s/status", tid);
	f = fopen(path, "re");
	if (!f || !fread(text, 1, sizeof(text) - 1, f))
		return -1;
	fclose(f);
	at = strstr(text, "\nvoluntary_ctxt_switches:");
	return at ? atol(at + strlen("\nvoluntary_ctxt_switches:")) : -1;
}

int main(int argc, char **argv)
{
	struct dirent *entry;
	long threads = 0, sleeps = -1;
	DIR *tasks;

	if (argc < 2)
		return 96;
	usleep((useconds_t)(number(argv, 1) * 1000));
	tasks = opendir("/proc/self/task");
	while (tasks && (entry = readdir(tasks))) {
		if (entry->d_name[0] == '.')
			continue;
		threads++;
		if (atoi(entry->d_name) != getpid())
			sleeps = sleeps_of(entry->d_name);
	}
	say("threads=%ld sleeps=%ld\n", threads, sleeps);
	return sleeps < 0;
}
