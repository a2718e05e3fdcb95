/*
 * call_cost.c - the median time of one call, in nanoseconds: call_cost CALL ROUNDS [ARGUMENT].
 *
 *   fork LIVE         fork, the child leaves at once, wait; beside LIVE children that sleep
 *   fork_exec PROG    fork, exec, wait;  vfork_exec and posix_spawn likewise
 *   pthread LIVE      pthread_create and join, beside LIVE threads that sleep
 *   mmap LIVE         mmap and munmap of 1 MiB beside LIVE other mappings and one more each round, as
 *                     the kernel's tree of them costs more at some counts than at others
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clocks.h"

extern char **environ;

static char *child_argv[2] = {"/bin/true", NULL};

static void reap(pid_t child)
{
	int status;

	if (child < 0 || waitpid(child, &status, 0) != child || status != 0)
		exit(2);
}

static void call_fork(void)
{
	pid_t child = fork();

	if (child == 0)
		_exit(0);
	reap(child);
}

static void call_fork_exec(void)
{
	pid_t child = fork();

	if (child == 0) {
		execve(child_argv[0], child_argv, environ);
		_exit(127);
	}
	reap(child);
}

static void call_vfork_exec(void)
{
	pid_t child = vfork();

	if (child == 0) {
		execve(child_argv[0], child_argv, environ);
		_exit(127);
	}
	reap(child);
}

static void call_posix_spawn(void)
{
	pid_t child;

	if (posix_spawn(&child, child_argv[0], NULL, NULL, child_argv, environ) != 0)
		exit(2);
	reap(child);
}

static void *nothing(void *arg)
{
	return arg;
}

static void call_pthread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, nothing, NULL) != 0)
		exit(2);
	pthread_join(thread, NULL);
}

static void call_mmap(void)
{
	void *block = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (block == MAP_FAILED || munmap(block, 1 << 20) != 0)
		exit(2);
}

/* Neighbours differ in protection, or the kernel would make one mapping of them. */
static void add_mapping(void)
{
	static int protection = PROT_READ;

	protection ^= PROT_WRITE;
	if (mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
		exit(2);
}

static void *sleep_for_ever(void *arg)
{
	for (;;)
		pause();
	return arg;
}

static void add_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, sleep_for_ever, NULL) != 0)
		exit(2);
}

/* Sleeps until this process ends, which closes the pipe. */
static void add_child(void)
{
	static int pipe_ends[2];
	char byte;
	pid_t child;

	if (!pipe_ends[1] && pipe(pipe_ends) != 0)
		exit(2);
	child = fork();
	if (child < 0)
		exit(2);
	if (child == 0) {
		close(pipe_ends[1]);
		_exit(read(pipe_ends[0], &byte, 1) != 0);
	}
}

static const struct call {
	const char *name;
	void (*make)(void);
	void (*prepare)(void);	/* before every round, untimed */
	void (*add_live)(void); /* as often as the argument says; without it that is the program */
	long batch;		/* calls between two looks at the clock */
} calls[] = {
	{"fork", call_fork, NULL, add_child, 1},	 {"fork_exec", call_fork_exec, NULL, NULL, 1},
	{"vfork_exec", call_vfork_exec, NULL, NULL, 1},	 {"posix_spawn", call_posix_spawn, NULL, NULL, 1},
	{"pthread", call_pthread, NULL, add_thread, 10}, {"mmap", call_mmap, add_mapping, add_mapping, 100},
};

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a;
	double y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median_cost(const struct call *call, long rounds)
{
	double *cost = calloc((size_t)rounds, sizeof(*cost));
	double median;

	if (!cost)
		exit(2);
	for (long i = -rounds / 10; i < rounds; i++) {
		int64_t start;

		if (call->prepare)
			call->prepare();
		start = clock_ns(CLOCK_MONOTONIC);
		for (long j = 0; j < call->batch; j++)
			call->make();
		if (i >= 0)
			cost[i] = (double)(clock_ns(CLOCK_MONOTONIC) - start) / (double)call->batch;
	}
	qsort(cost, (size_t)rounds, sizeof(*cost), compare);
	median = cost[rounds / 2];
	free(cost);
	return median;
}

int main(int argc, char **argv)
{
	long rounds = number_argument(argc, argv, 2, 100);

	for (size_t i = 0; argc > 1 && i < sizeof(calls) / sizeof(*calls); i++) {
		if (strcmp(calls[i].name, argv[1]) != 0)
			continue;
		if (!calls[i].add_live && argc > 3)
			child_argv[0] = argv[3];
		for (long j = 0; calls[i].add_live && j < number_argument(argc, argv, 3, 0); j++)
			calls[i].add_live();
		printf("%.1f\n", median_cost(&calls[i], rounds));
		return 0;
	}
	return 2;
}
