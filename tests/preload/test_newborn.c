/*
 * test_newborn.c - a forked child that has asked for nothing yet is one of the tree like any other.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_orphan_that_never_asks_has_a_place),
		cmocka_unit_test(an_exec_that_fails_leaves_a_guarded_process),
		cmocka_unit_test(one_that_hears_nothing_meets_the_last_resort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
