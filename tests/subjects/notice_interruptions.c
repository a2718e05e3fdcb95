/*
 * notice_interruptions.c - threads that go in and out of calls which a stop would make fail with EINTR.
 *
 * Ends by itself when it is told that the stacks were noted, by SIGUSR1.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/epoll.h>
#include <time.h>

#include "subject.h"

enum { THREADS = 6, SPIN_NS = 60000 };

#define PATIENCE_NS 20000000000L

static _Atomic long turns[THREADS], interrupted;

static long now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void *go_in_and_out(void *at)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);
	sigset_t none;

	sigemptyset(&none);
	for (long turn = 0;; turn++) {
		long until = now_ns() + SPIN_NS;
		struct timespec ms = {.tv_nsec = 1000000};

		while (now_ns() < until)
			;
		if (turn % 2 ? epoll_wait(epoll, &event, 1, 1) < 0 && errno == EINTR
			     : sigtimedwait(&none, NULL, &ms) < 0 && errno == EINTR)
			interrupted++;
		(*(_Atomic long *)at)++;
	}
	return NULL;
}

static long count_stuck(const long before[THREADS])
{
	long stuck = 0;

	for (int i = 0; i < THREADS; i++)
		stuck += turns[i] == before[i];
	return stuck;
}

int main(void)
{
	long before[THREADS], until;
	pthread_t thread;
	sigset_t set;
	int signal;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (int i = 0; i < THREADS; i++)
		pthread_create(&thread, NULL, go_in_and_out, &turns[i]);
	sigwait(&set, &signal);
	for (int i = 0; i < THREADS; i++)
		before[i] = turns[i];
	/* One that was stopped stays so; one that only waits for a processor gets it. */
	for (until = now_ns() + PATIENCE_NS; count_stuck(before) && now_ns() < until;)
		usleep(1000);
	say("interrupted=%ld\nstuck=%ld\n", (long)interrupted, count_stuck(before));
	return 0;
}
