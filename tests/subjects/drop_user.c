/*
 * drop_user.c - becomes another user and says whether all its threads did.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dirent.h>

int main(void)
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
	for (;;)
		pause();
}
