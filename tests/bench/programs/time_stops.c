/*
 * time_stops.c - how long programs ran after their main began: time_stops ROUNDS STAGGER_MS COMMAND [--
 * COMMAND]...
 *
 * A command is [NAME=VALUE]... PROGRAM [ARGUMENT]... around run_until_stopped.
 * The commands take turns. With STAGGER_MS 0 each ends before the next starts;
 * otherwise one starts every STAGGER_MS, and the caller sees to it that none
 * ends before the last has started. Prints a line per run: the command's
 * number, wall time from main to the return of wait, CPU time from main to the
 * end, CPU time before main (all in nanoseconds), the wait status, wall time
 * from main until nobody was left. With STAGGER_MS 0 the CPU time is that of
 * all that the command started, whoever waited for it.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fcntl.h>
#include <stdio.h>
#include <sys/prctl.h>
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

static void report(const struct run *run, int64_t ended, int64_t all_ended, int status, int64_t cpu)
{
	int64_t begun[2];

	if (read(run->pipe, begun, sizeof(begun)) != sizeof(begun)) {
		begun[0] = ended; /* it never got to main */
		begun[1] = cpu;
	}
	close(run->pipe);
	printf("%d %ld %ld %ld %d %ld\n", run->command, (long)(ended - begun[0]), (long)(cpu - begun[1]),
	       (long)begun[1], status, (long)(all_ended - begun[0]));
}

/* Waits for a run and for what it leaves behind, which is ours as we are the subreaper. */
static void collect_tree(const struct run *run)
{
	int64_t ended = 0, all_ended = 0, cpu = 0;
	struct rusage usage;
	int status, own_status = 0;
	pid_t pid;

	while ((pid = wait4(-1, &status, 0, &usage)) > 0) {
		all_ended = clock_ns(CLOCK_MONOTONIC);
		cpu += command_cpu_ns(&usage);
		if (pid == run->pid) {
			ended = all_ended;
			own_status = status;
		}
	}
	report(run, ended, all_ended, own_status, cpu);
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
			report(&runs[i], ended, ended, status, command_cpu_ns(&usage));
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

	if (kinds < 1 || !runs || prctl(PR_SET_CHILD_SUBREAPER, 1) != 0)
		return 2;
	for (int i = 0; i < total; i++) {
		start(&runs[i], &commands[i % kinds], i % kinds);
		if (stagger_us) {
			usleep(stagger_us);
		} else {
			collect_tree(&runs[i]);
			ended++;
		}
	}
	while (ended < total && collect(runs, total))
		ended++;
	return ended == total ? 0 : 2;
}
