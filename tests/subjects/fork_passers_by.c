/*
 * fork_passers_by.c - forked children that are over soon, or not: fork_passers_by WHAT [N].
 *
 *   threads      threads of ours in a child, at first and after 100 ms of processor time
 *   alone        a child leaves its user namespace, which takes a process of one thread: errno, then threads
 *   orphan       the first process is killed; the child says when SIGTERM came
 *   crowd N      N children that sleep; the status is 9 once one of them has ended
 *   calls N      N children that go in and out of calls which a signal would make fail with EINTR
 *   stopped      children that sleep in each way for 2.7 s, while the first process is stopped for 2.5 s
 *   execute N    N children that execute another program just when they are no passers-by any more
 *   queue        what becomes of a child that is sent the signal that libc cancels threads by
 *   queue-after  the same, where libc has a handler for it
 *
 * SPDX-License-Identifier: MIT
 */
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/timerfd.h>
#include <time.h>

#include "subject.h"

enum { PASSER_BY_NS = 4000000, AROUND_NS = 300000, CANCEL_SIGNAL = 32 };

static long clock_ns(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return ts.tv_sec * 1000000000L + ts.tv_nsec;
}

static void burn(long ns)
{
	long until = clock_ns(CLOCK_PROCESS_CPUTIME_ID) + ns;

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < until)
		;
}

static void show_threads(void)
{
	long early, late;

	count_threads_with("", &early);
	burn(100000000);
	count_threads_with("", &late);
	say("early=%ld\nlate=%ld\n", early - 1, late - 1);
}

static void leave_namespace(void)
{
	long all;
	int error = unshare(CLONE_NEWUSER) ? errno : 0;

	count_threads_with("", &all);
	say("errno=%d\nthreads=%ld\n", error, all - 1);
}

static long began_ns;

static void on_term(int signal)
{
	(void)signal;
	say("term_ms=%ld\n", (clock_ns(CLOCK_MONOTONIC) - began_ns) / 1000000);
	_exit(0);
}

static void await_term(pid_t first)
{
	signal(SIGTERM, on_term);
	kill(first, SIGKILL);
	for (;;)
		pause();
}

static void go_in_and_out(void)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);
	long interrupted = 0;

	while (clock_ns(CLOCK_PROCESS_CPUTIME_ID) < 4 * PASSER_BY_NS) {
		burn(20000);
		for (int i = 0; i < 20; i++)
			interrupted += epoll_wait(epoll, &event, 1, 0) < 0;
		interrupted += epoll_wait(epoll, &event, 1, 1) < 0;
	}
	_exit(interrupted ? 1 : 0);
}

enum { SLEEP_MS = 2700, STOP_MS = 2500, WAYS = 9 };

static void sleep_in_way(int way)
{
	long begun_ns = clock_ns(CLOCK_MONOTONIC);
	struct timespec rest, time = {SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000000L};
	struct timespec until = {.tv_sec = (begun_ns + SLEEP_MS * 1000000L) / 1000000000L,
				 .tv_nsec = (begun_ns + SLEEP_MS * 1000000L) % 1000000000L};
	struct timeval timeval = {SLEEP_MS / 1000, SLEEP_MS % 1000 * 1000L};
	struct epoll_event event;
	int epoll = epoll_create1(0), timer = timerfd_create(CLOCK_MONOTONIC, 0);
	int result = 0;

	switch (way) {
	case 0:
		result = usleep(SLEEP_MS * 1000);
		break;
	case 1:
		result = nanosleep(&time, &rest);
		break;
	case 2:
		result = nanosleep(&time, &time);
		break;
	case 3:
		result = clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
		break;
	case 4:
		result = poll(NULL, 0, SLEEP_MS);
		break;
	case 5:
		result = ppoll(NULL, 0, &time, NULL);
		break;
	case 6:
		result = select(0, NULL, NULL, NULL, &timeval);
		break;
	case 7:
		result = pselect(0, NULL, NULL, NULL, &time, NULL);
		break;
	default:
		timerfd_settime(timer, TFD_TIMER_ABSTIME, &(struct itimerspec){.it_value = until}, NULL);
		epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &(struct epoll_event){.events = EPOLLIN});
		result = epoll_wait(epoll, &event, 1, -1) - 1;
	}
	begun_ns = clock_ns(CLOCK_MONOTONIC) - begun_ns;
	if (result || begun_ns < SLEEP_MS * 1000000L || begun_ns > 2 * SLEEP_MS * 1000000L)
		say("way=%d result=%d ms=%ld\n", way, result, begun_ns / 1000000);
	_exit(result || begun_ns < SLEEP_MS * 1000000L || begun_ns > 2 * SLEEP_MS * 1000000L);
}

static void stop_while_children_sleep(void)
{
	pid_t first = getpid();

	for (int way = 0; way < WAYS; way++)
		if (!fork())
			sleep_in_way(way);
	if (!fork()) {
		usleep(STOP_MS * 1000);
		_exit(kill(first, SIGCONT));
	}
	raise(SIGSTOP);
}

static void execute(long i, long of)
{
	static char *argv[] = {"true", NULL};

	burn(PASSER_BY_NS - AROUND_NS + 2 * AROUND_NS * i / of - clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	execv("/bin/true", argv);
	_exit(1);
}

static void *wait_for_ever(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static void cancel_a_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_for_ever, NULL) || pthread_cancel(thread))
		exit(2);
	pthread_join(thread, NULL);
}

static void take_queued(void)
{
	sigqueue(getpid(), CANCEL_SIGNAL, (union sigval){.sival_int = 0});
	_exit(7);
}

int main(int argc, char **argv)
{
	const char *what = argv[1];
	long n = argc > 2 ? number(argv, 2) : strcmp(what, "stopped") != 0, failed = 0;
	int status = 0;

	began_ns = clock_ns(CLOCK_MONOTONIC);
	if (!strcmp(what, "queue-after"))
		cancel_a_thread();
	for (long i = 0; i < n; i++) {
		pid_t first = getpid(), pid = fork();

		if (pid < 0)
			return 3;
		if (pid == 0) {
			if (!strcmp(what, "threads"))
				show_threads();
			else if (!strcmp(what, "alone"))
				leave_namespace();
			else if (!strcmp(what, "orphan"))
				await_term(first);
			else if (!strcmp(what, "crowd"))
				pause();
			else if (!strcmp(what, "calls"))
				go_in_and_out();
			else if (!strcmp(what, "execute"))
				execute(i, n);
			else
				take_queued();
			_exit(0);
		}
		if (!strcmp(what, "orphan"))
			pause();
		if (strcmp(what, "calls") && strcmp(what, "crowd")) {
			status = reap(pid);
			failed += status != 0;
		}
	}
	if (!strcmp(what, "stopped"))
		stop_while_children_sleep();
	if (!strcmp(what, "crowd")) {
		wait(&status);
		_exit(9);
	}
	for (int s; wait(&s) > 0;)
		failed += s != 0;
	say("failed=%ld\nstatus=%d\n", failed, status);
	return 0;
}
