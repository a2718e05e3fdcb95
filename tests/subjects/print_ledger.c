/*
 * print_ledger.c - prints the file behind the ledger's mapping, then ends by HOW.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(int argc, char **argv)
{
	char line[4096];
	FILE *maps = fopen("/proc/self/maps", "re");

	while (maps && fgets(line, sizeof(line), maps)) {
		char *path = strchr(line, '/');

		if (path && strstr(path, "reslimit") && !strstr(path, "/print_ledger") &&
		    !strstr(path, ".so"))
			say("ledger %s", path);
	}
	if (argc > 1 && !strcmp(argv[1], "kill"))
		kill(getpid(), SIGKILL);
	return 0;
}
