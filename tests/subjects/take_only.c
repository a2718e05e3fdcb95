/*
 * take_only.c - refuses TERM in the main thread by HOW: ignore; block (every thread); thread (another thread
 * takes it); wait (another thread waits for it in sigwait), first (it does so itself); child (a child takes
 * it).
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <signal.h>

static sigset_t term;

static void *take_it(void *unused)
{
	pthread_sigmask(SIG_UNBLOCK, &term, NULL);
	for (;;)
		pause();
	return unused;
}

static void *wait_for_it(void *unused)
{
	int got;

	sigwait(&term, &got);
	say("waited for %d\n", got);
	_exit(43);
	return unused;
}

static void *refuse_it(void *unused)
{
	for (;;)
		pause();
	return unused;
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	pthread_t thread;

	sigemptyset(&term);
	sigaddset(&term, SIGTERM);
	if (!strcmp(how, "ignore") || !strcmp(how, "child"))
		signal(SIGTERM, SIG_IGN);
	else
		sigprocmask(SIG_BLOCK, &term, NULL);
	if (!strcmp(how, "child") && fork() == 0) {
		signal(SIGTERM, SIG_DFL);
		for (;;)
			pause();
	}
	if (!strcmp(how, "first"))
		wait_for_it(NULL);
	if (strcmp(how, "ignore") != 0 && strcmp(how, "child") != 0)
		pthread_create(&thread, NULL,
			       !strcmp(how, "thread") ? take_it
			       : !strcmp(how, "wait") ? wait_for_it
						      : refuse_it,
			       NULL);
	for (;;)
		pause();
}
