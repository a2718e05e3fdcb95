/*
 * time_stops.c - how long programs ran after their main began: time_stops ROUNDS STAGGER_MS COMMAND [--
 * COMMAND]...
 *
 * A command is [NAME=VALUE]... PROGRAM [ARGUMENT]... around run_until_stopped.
 * The commands take turns. With STAGGER_MS 0 each ends before the next starts;
 * otherwise one starts every STAGGER_MS, and the caller sees to it that none
 * ends before the last has started. Prints a line per run: the command's
 * number, wall time from main to the return of wait, CPU time from main to the
 * end, CPU time before main (all in nanoseconds), the wait status.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

#include "clocks.h"
#include "commands.h"

struct run {
	pid_t pid;
	int pipe;
	int command;
};

static void start(struct run *run, struct command *command, int number)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) != 0)
		exit(2);
	run->command = number;
	run->pipe = ends[0];
	run->pid = command_spawn(command, ends[1]);
	close(ends[1]);
}

static void report(const struct run *run, int64_t ended, int status, const struct rusage *usage)
{
	int64_t begun[2];
	int64_t cpu = command_cpu_ns(usage);

	if (read(run->pipe, begun, sizeof(begun)) != sizeof(begun)) {
		begun[0] = ended; /* it never got to main */
		begun[1] = cpu;
	}
	close(run->pipe);
	printf("%d %ld %ld %ld %d\n", run->command, (long)(ended - begun[0]), (long)(cpu - begun[1]),
	       (long)begun[1], status);
}

/* Waits for any one and reports it. Return: whether there was one. */
static int collect(const struct run *runs, int count)
{
	struct rusage usage;
	int status;
	pid_t pid = wait4(-1, &status, 0, &usage);
	int64_t ended = clock_ns(CLOCK_MONOTONIC);

	for (int i = 0; pid > 0 && i < count; i++)
		if (runs[i].pid == pid) {
			report(&runs[i], ended, status, &usage);
			return 1;
		}
	return 0;
}

int main(int argc, char **argv)
{
	struct command commands[COMMANDS_MAX];
	int rounds = (int)number_argument(argc, argv, 1, 1);
	useconds_t stagger_us = (useconds_t)number_argument(argc, argv, 2, 0) * 1000;
	int kinds = commands_read(argc - 3, argv + 3, commands);
	int total = rounds * kinds;
	int ended = 0;
	struct run *runs = calloc((size_t)total, sizeof(*runs));

	if (kinds < 1 || !runs)
		return 2;
	for (int i = 0; i < total; i++) {
		start(&runs[i], &commands[i % kinds], i % kinds);
		if (stagger_us)
			usleep(stagger_us);
		else
			ended += collect(runs, i + 1);
	}
	while (ended < total && collect(runs, total))
		ended++;
	return ended == total ? 0 : 2;
}
