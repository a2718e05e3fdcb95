/*
 * test_newborn.c - a forked child that has asked for nothing yet is one of the tree like any other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

/* Its parent is killed before it has heard that there is a child, or after. */
static void an_orphan_that_never_asks_has_a_place(void **state)
{
	const char *const *const sets[] = {SET("PROCS=2"), SET("PROCS=2", "WALL=1h"), NULL};

	(void)state;
	for (const char *const *const *set = sets; *set; set++) {
		struct run *r = guarded(*set, ARGV("be_newborn", "orphan", "60"));

		expect_exit(r, 0);
		expect(r, out_number(r, "wrong") == 0);
		run_free(r);
	}
}

static void an_exec_that_fails_leaves_a_guarded_process(void **state)
{
	struct run *r = guarded(SET("MEM=32M", "WALL=1h"), ARGV("be_newborn", "exec-fails"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "errno") == ENOENT);
	expect(r, out_number(r, "threads") == 1);
	expect(r, out_number(r, "refused") == 1);
	expect(r, record_int(r, "procs_peak") == 1);
	run_free(r);
}

/* No timer of the kernel's can call for a watchdog there, but one can end it. */
static void one_that_hears_nothing_meets_the_last_resort(void **state)
{
	struct run *r = guarded(SET("WALL=300ms", "WALL_ACTION=KILL"), ARGV("be_newborn", "blocked"));

	(void)state;
	expect_signal(r, SIGKILL);
	run_free(r);
}

/* Who opens what another holds a lease on waits until that is given up, which the kernel lets last 45 s. */
static void one_whose_exec_hangs_meets_the_last_resort(void **state)
{
	const char *path = scratch_path("slow");
	int fd = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0700);
	struct run *r;

	(void)state;
	assert_true(fd >= 0);
	signal(SIGIO, SIG_IGN);
	assert_true(fcntl(fd, F_SETLEASE, F_WRLCK) == 0);
	r = guarded(SET("WALL=1s", "WALL_ACTION=KILL", "STOPPED=0"), ARGV("be_newborn", "exec-hangs", path));
	expect_signal(r, SIGKILL);
	expect(r, r->tree_ns < 30000 * MS);
	run_free(r);
	close(fd);
}

/* In each moment of a child's beginning; it is a child's like any other then, or nobody's yet. */
static void a_handler_that_asks_in_the_middle_of_a_beginning_is_served(void **state)
{
	const char *const *const sets[] = {SET("PROCS=9"), SET("WALL=1h"), SET("CPU=1h", "WALL=1h", "MEM=1G"),
					   NULL};

	(void)state;
	for (const char *const *const *set = sets; *set; set++) {
		struct run *r = guarded(*set, ARGV("be_newborn", "storm", "400"));

		expect_exit(r, 0);
		expect(r, out_number(r, "lost") == 0);
		run_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_orphan_that_never_asks_has_a_place),
		cmocka_unit_test(an_exec_that_fails_leaves_a_guarded_process),
		cmocka_unit_test(one_that_hears_nothing_meets_the_last_resort),
		cmocka_unit_test(one_whose_exec_hangs_meets_the_last_resort),
		cmocka_unit_test(a_handler_that_asks_in_the_middle_of_a_beginning_is_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
