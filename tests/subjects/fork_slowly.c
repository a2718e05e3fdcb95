/*
 * fork_slowly.c - a child whose maker is dead before anybody has learnt its number; it sleeps for ever.
 *
 * The handlers of pthread_atfork() see to it: the maker's never returns, and
 * the child's returns when the maker is gone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>

static pid_t maker;

static void stay(void)
{
	for (;;)
		pause();
}

static void outlast_maker(void)
{
	while (getppid() == maker)
		usleep(1000);
	say("missed\n");
}

int main(void)
{
	maker = getpid();
	if (pthread_atfork(NULL, stay, outlast_maker))
		return 1;
	if (fork() < 0)
		return 2;
	for (;;)
		pause();
}
