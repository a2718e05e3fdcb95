/*
 * use_up_tables.c - fills a table of the ledger with entries of killed children, of which nobody has heard:
 * they are not reaped, so that their numbers do not tell either.
 *
 * Usage: use_up_tables accounts CHILDREN [PROGRAM...]: under SCOPE=process, each child has an account; runs
 *        PROGRAM in a budget of its own when all accounts are in use. Prints "refused=N".
 *        use_up_tables cells CHILDREN THREADS: each child has so many threads; then makes one itself.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>

#include "charged.h"

static void *sit(void *unused)
{
	pause();
	return unused;
}

/* In a child. */
static void make_threads_and_die(long threads)
{
	pthread_attr_t small;
	pthread_t thread;
	int error = pthread_attr_init(&small) || pthread_attr_setstacksize(&small, 65536);

	for (long i = 0; i < threads && !error; i++)
		error = pthread_create(&thread, &small, sit, NULL);
	kill(getpid(), error ? SIGTERM : SIGKILL);
}

/* Return: 1 if the child could not be made, or not all that it was to make. */
static long use(long threads)
{
	pid_t child = fork();
	siginfo_t end = {0};

	if (child == 0)
		make_threads_and_die(threads);
	return child < 0 || waitid(P_PID, (id_t)child, &end, WEXITED | WNOWAIT) || end.si_status != SIGKILL;
}

static uint32_t accounts_in_use(void)
{
	const struct ledger *l = ledger_map();
	uint32_t n = 0;

	for (uint32_t i = 0; i < l->accounts_end; i++)
		n += l->account[i].in_use;
	return n;
}

int main(int argc, char **argv)
{
	bool is_cells = !strcmp(argv[1], "cells");
	long children = number(argv, 2), refused = 0;
	pthread_t thread;

	for (long i = 0; i < children; i++)
		refused += use(is_cells ? number(argv, 3) : 0);
	if (is_cells) {
		refused += pthread_create(&thread, NULL, sit, NULL) != 0;
	} else if (argc > 3) {
		while (accounts_in_use() < LEDGER_ACCOUNTS)
			refused += use(0);
		setenv("RESLIMIT_MEM", "9M", 1);
		say("refused=%ld\n", refused);
		execv(argv[3], &argv[3]);
	}
	say("refused=%ld\n", refused);
	return refused != 0;
}
