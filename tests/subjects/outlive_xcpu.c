/*
 * outlive_xcpu.c - spins past a limit of processor time, whose signal it ignores, and tells by status 0 that
 * each of its threads may then run where its first thread may. outlive_xcpu MILLISECONDS, of processor time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <dirent.h>
#include <sched.h>
#include <signal.h>
#include <time.h>

static int64_t used_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000LL + t.tv_nsec / 1000000;
}

static int is_anywhere(int tid)
{
	cpu_set_t own, its;

	return sched_getaffinity(0, sizeof(own), &own) || sched_getaffinity(tid, sizeof(its), &its) ||
	       CPU_EQUAL(&own, &its);
}

static int all_are_anywhere(void)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *task;
	int all = tasks != NULL;

	while (tasks && (task = readdir(tasks)))
		if (task->d_name[0] != '.' && !is_anywhere(atoi(task->d_name)))
			all = 0;
	if (tasks)
		closedir(tasks);
	return all;
}

int main(int argc, char **argv)
{
	signal(SIGXCPU, SIG_IGN);
	while (argc > 1 && used_ms() < number(argv, 1))
		;
	say("past the limit\n");
	/* Its watchdog has taken the step, and may still be on its way to sleep. */
	for (int i = 0; i < 5000 && !all_are_anywhere(); i++)
		usleep(1000);
	return all_are_anywhere() ? 0 : 1;
}
