/*
 * free_by_name.c - frees MiB blocks by FUNCTION, more of them in turn than the budget holds at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dlfcn.h>

int main(int argc, char **argv)
{
	const char *name = argv[argc - 1];
	void *found = dlsym(RTLD_DEFAULT, name);
	void (*plain)(void *);
	void (*sized)(void *, size_t);
	void (*aligned)(void *, size_t, size_t);

	if (!found) {
		say("no %s\n", name);
		return 77;
	}
	memcpy(&plain, &found, sizeof(found));
	memcpy(&sized, &found, sizeof(found));
	memcpy(&aligned, &found, sizeof(found));
	for (int i = 0; i < 1000; i++) {
		void *block = aligned_alloc(64, 1 << 20);

		if (!block) {
			say("refused at %d\n", i);
			return 1;
		}
		errno = 99;
		if (!strcmp(name, "free_sized"))
			sized(block, 1 << 20);
		else if (!strcmp(name, "free_aligned_sized"))
			aligned(block, 64, 1 << 20);
		else
			plain(block);
		if (errno != 99)
			return 2;
	}
	return 0;
}
