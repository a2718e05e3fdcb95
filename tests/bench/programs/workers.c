/*
 * workers.c - runs one loop in many threads and processes; see workers.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "workers.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clocks.h"

/* Shared by all processes, and so that no heap is needed for it. */
struct crew {
	pthread_barrier_t ready;
	const struct worker_loop *loop;
	long threads;
	long turns;
	long processes;
	struct worker {
		struct crew *crew;
		uint64_t seed;
		int64_t cpu_ns;
		int64_t wall_ns;
		pthread_t thread;
	} worker[];
};

static void *work(void *arg)
{
	struct worker *me = arg;
	const struct worker_loop *loop = me->crew->loop;
	void *state = loop->prepare ? loop->prepare(&me->seed) : NULL;

	pthread_barrier_wait(&me->crew->ready);
	loop->turn(state, me->crew->turns / 20, &me->seed);
	me->wall_ns = -clock_ns(CLOCK_MONOTONIC);
	me->cpu_ns = -clock_ns(CLOCK_THREAD_CPUTIME_ID);
	loop->turn(state, me->crew->turns, &me->seed);
	me->cpu_ns += clock_ns(CLOCK_THREAD_CPUTIME_ID);
	me->wall_ns += clock_ns(CLOCK_MONOTONIC);
	return NULL;
}

static void run_process(struct crew *crew, long process)
{
	struct worker *first = &crew->worker[process * crew->threads];

	for (long i = 1; i < crew->threads; i++)
		if (pthread_create(&first[i].thread, NULL, work, &first[i]) != 0)
			_exit(2);
	work(first);
	for (long i = 1; i < crew->threads; i++)
		pthread_join(first[i].thread, NULL);
}

static struct crew *assemble(const struct worker_loop *loop, long threads, long turns, long processes)
{
	long count = threads * processes;
	size_t size = sizeof(struct crew) + (size_t)count * sizeof(struct worker);
	struct crew *crew = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pthread_barrierattr_t shared;

	if (crew == MAP_FAILED)
		exit(2);
	pthread_barrierattr_init(&shared);
	pthread_barrierattr_setpshared(&shared, PTHREAD_PROCESS_SHARED);
	pthread_barrier_init(&crew->ready, &shared, (unsigned)count);
	crew->loop = loop;
	crew->threads = threads;
	crew->turns = turns;
	crew->processes = processes;
	for (long i = 0; i < count; i++) {
		crew->worker[i].crew = crew;
		crew->worker[i].seed = UINT64_C(0x9E3779B97F4A7C15) * (uint64_t)(i + 1);
	}
	return crew;
}

int workers_main(int argc, char **argv, const struct worker_loop *loop)
{
	long threads = number_argument(argc, argv, 1, 1);
	long turns = number_argument(argc, argv, 2, 1000000);
	long processes = number_argument(argc, argv, 3, 1);
	struct crew *crew = assemble(loop, threads, turns, processes);
	double all = (double)turns * (double)(threads * processes);
	double cpu = 0;
	double wall = 0;
	int status;

	for (long p = 1; p < processes; p++) {
		pid_t child = fork();

		if (child < 0)
			exit(2); /* the others stay at the barrier; the caller ends the group */
		if (child == 0) {
			run_process(crew, p);
			_exit(0);
		}
	}
	run_process(crew, 0);
	while (wait(&status) > 0)
		if (status != 0)
			return 2;
	for (long i = 0; i < threads * processes; i++) {
		cpu += (double)crew->worker[i].cpu_ns;
		wall += (double)crew->worker[i].wall_ns;
	}
	printf("%.4f %.4f\n", cpu / all, wall / all);
	return 0;
}
