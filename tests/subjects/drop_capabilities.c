/*
 * drop_capabilities.c - gives up its capabilities and says how many threads still have some.
 *
 * SPDX-License-Identifier: MIT
 */
#include <dirent.h>
#include <linux/capability.h>

#include "subject.h"

int capset(void *header, const void *data); /* libc exports it and declares it nowhere */

int main(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct none[2] = {{0, 0, 0}, {0, 0, 0}};
	struct dirent *entry;
	int with = 0, without = 0;
	DIR *tasks;

	if (capset(&header, none))
		return 77;
	tasks = opendir("/proc/self/task");
	while (tasks && (entry = readdir(tasks))) {
		char path[300], text[4096] = "";
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		f = fopen(path, "re");
		if (f && fread(text, 1, sizeof(text) - 1, f) && strstr(text, "\nCapEff:\t0000000000000000"))
			without++;
		else
			with++;
		if (f)
			fclose(f);
	}
	say("with=%d\nwithout=%d\n", with, without);
	return 0;
}
