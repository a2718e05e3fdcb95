/*
 * test_descendants.c - who is below a process, and that a signal reaches nobody else.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/descendants.h"

static pid_t make_waiter(void)
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	while (!pid)
		pause();
	return pid;
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* A number that was listed below another parent and is our child's now is another process. */
static void a_number_that_is_anothers_by_now_is_not_signalled(void **state)
{
	struct descendant listed = {.parent = 1};
	pid_t pid, child;
	int told[2];

	(void)state;
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (!pid) {
		child = make_waiter();
		(void)!write(told[1], &child, sizeof(child));
		_exit(end_of(child));
	}
	assert_int_equal(read(told[0], &child, sizeof(child)), sizeof(child));
	listed.pid = child;
	assert_false(descendants_signal(&listed, SIGTERM));
	listed.parent = pid;
	assert_true(descendants_signal(&listed, SIGUSR1));
	assert_int_equal(waitpid(pid, &told[0], 0), pid);
	assert_int_equal(WEXITSTATUS(told[0]), SIGUSR1);
}

static void an_orphan_that_came_to_us_is_signalled(void **state)
{
	struct descendant listed = {.parent = 1, .pid = make_waiter()};

	(void)state;
	assert_true(descendants_signal(&listed, SIGTERM));
	assert_int_equal(end_of(listed.pid), SIGTERM);
}

static void the_dead_are_neither_listed_nor_signalled(void **state)
{
	struct descendants list = {0};
	struct descendant dead = {.parent = getpid(), .pid = fork()};
	siginfo_t info;
	pid_t alive;

	(void)state;
	if (!dead.pid)
		_exit(0);
	alive = make_waiter();
	assert_int_equal(waitid(P_PID, (id_t)dead.pid, &info, WEXITED | WNOWAIT), 0);
	assert_false(descendants_signal(&dead, SIGTERM));
	descendants_find(&list, getpid(), &(struct descendants){0});
	assert_int_equal(list.count, 1);
	assert_int_equal(list.process[0].pid, alive);
	descendants_note_children(&list, getpid());
	assert_int_equal(list.count, 2);
	descendants_free(&list);
	kill(alive, SIGKILL);
	assert_int_equal(end_of(alive), SIGKILL);
	assert_int_equal(end_of(dead.pid), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_that_is_anothers_by_now_is_not_signalled),
		cmocka_unit_test(an_orphan_that_came_to_us_is_signalled),
		cmocka_unit_test(the_dead_are_neither_listed_nor_signalled),
	};

	return cmocka_run_group_tests_name("descendants", tests, NULL, NULL);
}
