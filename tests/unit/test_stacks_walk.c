/*
 * test_stacks_walk.c - looks at threads whose time is up before they have stopped.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/rawsys.h"
#include "core/stacks_look.h"

enum { THREADS = 6, SPIN_NS = 60000, LOOKS = 150, LEAST_NS = 60000, STEP_NS = 20000, STEPS = 30 };

static const int64_t PATIENCE_NS = 20000000000;

/* What the threads of a child tell. */
static struct {
	_Atomic long turns[THREADS], interrupted;
} * told;

static struct look look;

static void *go_in_and_out(void *turns)
{
	struct epoll_event event;
	int epoll = epoll_create1(0);
	sigset_t none;

	sigemptyset(&none);
	for (long turn = 0;; turn++) {
		int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + SPIN_NS;
		struct timespec ms = {.tv_nsec = 1000000};

		while (raw_clock_ns(CLOCK_MONOTONIC) < until_ns)
			;
		if (turn % 2 ? epoll_wait(epoll, &event, 1, 1) < 0 && errno == EINTR
			     : sigtimedwait(&none, NULL, &ms) < 0 && errno == EINTR)
			told->interrupted++;
		(*(_Atomic long *)turns)++;
	}
	return NULL;
}

static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY, 0, 0, 0); /* under Yama siblings may not */
	for (int i = 0; i < THREADS; i++) {
		pthread_t thread;

		pthread_create(&thread, NULL, go_in_and_out, &told->turns[i]);
	}
	for (;;)
		pause();
}

/* Whether all threads go round, and go on going round. */
static bool all_go_round(void)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + PATIENCE_NS;
	long before[THREADS];
	int moved = 0;

	for (int i = 0; i < THREADS; i++)
		before[i] = told->turns[i];
	while (moved < THREADS && raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		usleep(1000);
		moved = 0;
		for (int i = 0; i < THREADS; i++)
			moved += told->turns[i] != before[i];
	}
	return moved == THREADS;
}

static struct {
	void (*work)(void *);
	void *argument;
} order;

static int run(void *unused)
{
	(void)unused;
	order.work(order.argument);
	return 0;
}

/* As the supervisor makes it. */
static pid_t make_tracer(void (*work)(void *), void *argument)
{
	static char stack[64 << 10] __attribute__((aligned(64)));

	order.work = work;
	order.argument = argument;
	return clone(run, stack + sizeof(stack), CLONE_VM, NULL);
}

/* All threads of the child, each one taken for one that runs. */
static void look_for(pid_t pid, int64_t ns)
{
	memset(&look, 0, sizeof(look));
	tasks_add(&look.tasks, pid, false, INT64_MAX);
	tasks_look_again(&look.tasks, 1, INT64_MAX);
	for (int i = 0; i < look.tasks.count && i < STACKS_MAX; i++)
		look.stack[look.stack_count++] = (struct stack){.task = i};
	look.until_ns = raw_clock_ns(CLOCK_MONOTONIC) + ns;
	stacks_walk_apart(&look, make_tracer);
}

static void wait_for_what_was_left_behind(void)
{
	while (stacks_tidy(0) != INT64_MAX)
		usleep(100);
}

static void no_call_fails_though_a_look_has_no_time_for_a_thread_to_stop(void **state)
{
	pid_t pid;

	(void)state;
	told = mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(told != MAP_FAILED);
	pid = start_child();
	assert_true(all_go_round());
	for (int i = 0; i < LOOKS; i++) {
		look_for(pid, LEAST_NS + i % STEPS * STEP_NS);
		wait_for_what_was_left_behind();
	}
	assert_true(all_go_round());
	assert_int_equal(told->interrupted, 0);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	/* No process of ours is left for anybody to find. */
	assert_int_equal(waitpid(-1, NULL, __WALL | WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_call_fails_though_a_look_has_no_time_for_a_thread_to_stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
