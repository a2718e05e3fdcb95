/*
 * lose_children.c - ROUNDS times WIDTH children at once that die without a word and are reaped; then as much
 * in this process: HOW ROUNDS WIDTH BYTES THREADS [PROGRAM].
 *
 * HOW: killed: each holds BYTES and has THREADS threads; executed: each runs PROGRAM, which ends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <signal.h>

enum { MOST = 64 };

static char **arguments;
static struct gate stay;

static void *wait_for_the_end(void *unused)
{
	gate_wait(&stay);
	return unused;
}

/* Return: whether all of it was granted. */
static int hold(pthread_t *threads, long count)
{
	struct chain chain = {0};

	while (chain.bytes < number(arguments, 4))
		if (!chain_add(&chain, 4000))
			return 0;
	for (long i = 0; i < count; i++)
		if (pthread_create(&threads[i], NULL, wait_for_the_end, NULL))
			return 0;
	return 1;
}

static void live(int ready)
{
	long count = number(arguments, 5);
	pthread_t threads[MOST];

	if (!strcmp(arguments[1], "executed"))
		execl(arguments[6], arguments[6], "end", NULL);
	else if (hold(threads, count) && write(ready, "", 1) == 1)
		pause();
	_exit(1);
}

static int lose(pid_t *children, long width)
{
	int ready[2], wrong = 0;
	char byte;

	if (pipe(ready))
		return 1;
	for (long i = 0; i < width; i++) {
		children[i] = fork();
		if (children[i] == 0)
			live(ready[1]);
		wrong += children[i] < 0;
	}
	close(ready[1]);
	for (long i = 0; i < width && !strcmp(arguments[1], "killed"); i++)
		wrong += read(ready[0], &byte, 1) != 1;
	close(ready[0]);
	for (long i = 0; i < width; i++) {
		if (!strcmp(arguments[1], "killed"))
			kill(children[i], SIGKILL);
		reap(children[i]);
	}
	return wrong;
}

int main(int argc, char **argv)
{
	long rounds = number(argv, 2), width = number(argv, 3), count = number(argv, 5), wrong = 0;
	pthread_t threads[MOST];
	pid_t children[MOST];

	arguments = argv;
	stay = gate_make();
	for (long i = 0; i < rounds; i++)
		wrong += lose(children, width);
	if (argc == 6) {
		wrong += !hold(threads, count);
		gate_open(&stay);
		for (long i = 0; i < count; i++)
			pthread_join(threads[i], NULL);
	}
	say("wrong=%ld\n", wrong);
	return 0;
}
