/*
 * observe_ledger.c - looks at the ledger of a tree from outside until the tree is gone: observe_ledger PID.
 *
 * Every 20 us it reads what the first account has leased, which is never less than what is charged, and its
 * limit of bytes. Prints how often it looked, how often the first was above the second, and the most that was
 * leased.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "clocks.h"
#include "contract/ledger_layout.h"

enum { LOOK_US = 20, PATIENCE_US = 5000000 };

static char path[512];

/* The file behind the mapping of the ledger of a process. Return: whether it has one by now. */
static int find_ledger(long pid)
{
	char name[64], line[1024];
	FILE *maps;
	int found = 0;

	snprintf(name, sizeof(name), "/proc/%ld/maps", pid);
	maps = fopen(name, "re");
	while (!found && maps && fgets(line, sizeof(line), maps))
		found = strstr(line, " rw-s ") && strstr(line, "/reslimit-") &&
			sscanf(strchr(line, '/'), "%511[^\n]", path) == 1;
	if (maps)
		fclose(maps);
	return found;
}

static const struct ledger *map_ledger(long pid)
{
	void *ledger;
	int fd;

	for (int us = 0; !find_ledger(pid); us += 1000) {
		if (us == PATIENCE_US)
			return NULL;
		usleep(1000);
	}
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ledger = mmap(NULL, sizeof(struct ledger), PROT_READ, MAP_SHARED, fd, 0);
	return ledger == MAP_FAILED ? NULL : ledger;
}

int main(int argc, char **argv)
{
	const struct ledger *ledger = map_ledger(number_argument(argc, argv, 1, 0));
	const volatile int64_t *leased, *limit;
	long looks = 0, over = 0;
	int64_t most = 0;

	if (!ledger)
		return 2;
	leased = &ledger->account[0].leased;
	limit = &ledger->account[0].limit[RL_MEM];
	prctl(PR_SET_TIMERSLACK, 1);
	while (access(path, F_OK) == 0) {
		for (int i = 0; i < 100; i++) {
			int64_t now = *leased;

			looks++;
			over += now > *limit;
			most = now > most ? now : most;
			usleep(LOOK_US);
		}
	}
	printf("%ld %ld %ld\n", looks, over, (long)most);
	return 0;
}
