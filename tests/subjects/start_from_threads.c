/*
 * start_from_threads.c - WORKERS threads start children in every way, TIMES each; none may be refused. Then
 * TRIES forks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <wordexp.h>

extern char **environ;

static long times;
static _Atomic long refused, bad;

static void judge(int was_refused, int is_right)
{
	if (was_refused)
		refused++;
	else if (!is_right)
		bad++;
}

static void start_one(long how)
{
	char *const argv[] = {(char *)"true", NULL};
	wordexp_t words;
	FILE *stream;
	pid_t pid;
	int status;

	switch (how % 5) {
	case 0:
		status = system("exit 3");
		judge(status < 0, WEXITSTATUS(status) == 3);
		break;
	case 1:
		status = posix_spawn(&pid, "/bin/true", NULL, NULL, argv, environ);
		judge(status == EAGAIN, !status && reap(pid) == 0);
		break;
	case 2:
		stream = popen("exit 4", "r");
		judge(!stream, stream && WEXITSTATUS(pclose(stream)) == 4);
		break;
	case 3:
		status = wordexp("$(echo a)", &words, 0);
		judge(status == WRDE_NOSPACE, !status && words.we_wordc == 1);
		break;
	case 4:
		pid = fork();
		if (pid == 0)
			_exit(6);
		judge(pid<0, pid> 0 && WEXITSTATUS(reap(pid)) == 6);
		break;
	}
}

static void *work(void *first)
{
	for (long i = 0; i < times; i++)
		start_one((long)first + i);
	return NULL;
}

int main(int argc, char **argv)
{
	long workers = number(argv, 1);
	struct gate hold = gate_make();
	pthread_t thread[64];

	times = number(argv, 2);
	for (long i = 0; i < workers; i++)
		pthread_create(&thread[i], NULL, work, (void *)i);
	for (long i = 0; i < workers; i++)
		pthread_join(thread[i], NULL);
	say("refused=%ld bad=%ld made=%ld\n", refused, bad, fork_to_gate(&hold, number(argv, argc - 1)));
	gate_open(&hold);
	return 0;
}
