/*
 * drop_user.c - becomes another user, says whether all its threads did, and pauses or spins for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dirent.h>

int main(int argc, char **argv)
{
	struct dirent *entry;
	DIR *tasks;
	int all = 1, n = 0;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 77;
	tasks = opendir("/proc/self/task");
	while (tasks && (entry = readdir(tasks))) {
		char path[300], text[4096] = "";
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		f = fopen(path, "re");
		if (f && fread(text, 1, sizeof(text) - 1, f) &&
		    strstr(text, "\nUid:\t65534\t65534\t65534\t65534"))
			n++;
		else
			all = 0;
		fclose(f);
	}
	say("all=%d threads=%d\n", all, n);
	while (argc > 1 && !strcmp(argv[1], "spin"))
		n++;
	for (;;)
		pause();
}
