/*
 * oom.c - whether the out-of-memory killer struck; see oom.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "oom.h"

#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { LINE_SIZE = PATH_MAX + 64 };

/* The number behind "oom_kill " at the start of a line, or -1. */
static int64_t read_count(const char *path)
{
	char line[LINE_SIZE];
	FILE *file = fopen(path, "re");
	long long count = -1;

	while (file && count < 0 && fgets(line, sizeof(line), file))
		if (sscanf(line, "oom_kill %lld", &count) != 1)
			count = -1;
	if (file)
		fclose(file);
	return count;
}

/* Where the kernel counts for our cgroup: version 1 with its own hierarchy for memory, or version 2. */
static bool find_cgroup(char *path, size_t size)
{
	char line[LINE_SIZE];
	FILE *file = fopen("/proc/self/cgroup", "re");
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file)) {
		const char *names = strchr(line, ':');
		const char *place = names ? strchr(names + 1, ':') : NULL;
		int len = place ? (int)strcspn(place + 1, "\n") : 0;

		if (!place)
			continue;
		if (!strncmp(names, ":memory:", strlen(":memory:")))
			found = snprintf(path, size, "/sys/fs/cgroup/memory%.*s/memory.oom_control", len,
					 place + 1) < (int)size;
		else if (place == names + 1 && len > 1)
			found = snprintf(path, size, "/sys/fs/cgroup%.*s/memory.events", len, place + 1) <
				(int)size;
	}
	if (file)
		fclose(file);
	return found;
}

void oom_look(struct oom *before)
{
	char path[LINE_SIZE + 64];

	before->cgroup = find_cgroup(path, sizeof(path)) ? read_count(path) : -1;
	before->machine = read_count("/proc/vmstat");
}

static bool has_moved(int64_t before, int64_t after)
{
	return before >= 0 && after > before;
}

enum oom_answer oom_ask(const struct oom *before)
{
	struct oom now;

	oom_look(&now);
	/* The machine's count takes in every cgroup's: one that stood still settles it. */
	if (before->machine >= 0 && now.machine == before->machine)
		return OOM_NO;
	return has_moved(before->cgroup, now.cgroup) ? OOM_HERE : OOM_UNKNOWN;
}
