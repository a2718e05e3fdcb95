/*
 * time_pairs.c - runs a command and its variants in adjacent pairs: time_pairs ROUNDS BARE [-- VARIANT]...
 *
 * A command is [NAME=VALUE]... PROGRAM [ARGUMENT]... Each round runs, for every
 * variant, the bare command and the variant one after the other, the variant
 * first in every second round. Prints a line per pair: the variant's number
 * from 1, then wall and CPU nanoseconds of the bare run, wall and CPU
 * nanoseconds of the variant, and its wait status. A round before the first is
 * not printed: it warms the caches.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "clocks.h"
#include "commands.h"

struct timing {
	int64_t wall_ns;
	int64_t cpu_ns;
	int status;
};

static struct timing time_command(const struct command *command)
{
	struct timing timing;
	struct rusage usage;
	int64_t start = clock_ns(CLOCK_MONOTONIC);
	pid_t pid = command_spawn(command, -1);

	if (wait4(pid, &timing.status, 0, &usage) != pid)
		exit(2);
	timing.wall_ns = clock_ns(CLOCK_MONOTONIC) - start;
	timing.cpu_ns = command_cpu_ns(&usage);
	return timing;
}

static void time_pair(const struct command *commands, int variant, int round)
{
	struct timing pair[2];
	int order = round & 1;

	for (int i = 0; i < 2; i++) {
		int second = i ^ order;

		pair[second] = time_command(&commands[second ? variant : 0]);
	}
	if (round < 0)
		return;
	printf("%d %ld %ld %ld %ld %d\n", variant, (long)pair[0].wall_ns, (long)pair[0].cpu_ns,
	       (long)pair[1].wall_ns, (long)pair[1].cpu_ns, pair[1].status);
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	int rounds = (int)number_argument(argc, argv, 1, 1);
	int kinds = commands_read(argc - 2, argv + 2, commands);

	for (int round = -1; round < rounds; round++)
		for (int variant = 1; variant < kinds; variant++)
			time_pair(commands, variant, round);
	return kinds > 1 ? 0 : 2;
}
