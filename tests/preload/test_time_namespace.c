/*
 * test_time_namespace.c - processes of a tree whose clocks differ.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>

enum { CANNOT = 77 };

static const char *const OFFSETS[] = {"100000", "-500"};

static bool is_possible(void)
{
	struct run *r = bare(ARGV("live_in_other_time", "fork", "1", "1"));
	bool is_possible = r->status != CANNOT << 8;

	run_free(r);
	return is_possible;
}

static void no_deadline_comes_early(void **state)
{
	static const char *const ways[] = {"fork", "exec", "setns"};

	(void)state;
	if (!is_possible())
		skip();
	for (int i = 0; i < 6; i++) {
		struct run *r = guarded(SET("WALL=20s", "CPU=20s"),
					ARGV("live_in_other_time", ways[i / 2], OFFSETS[i % 2], "1000"));

		print_message("# %s %s\n", ways[i / 2], OFFSETS[i % 2]);
		expect_exit(r, 0);
		expect_verdict(r, "ok");
		expect(r, record_int(r, "wall_ns") >= 1000 * MS && record_int(r, "wall_ns") < 20 * SEC);
		run_free(r);
	}
}

static void deadlines_are_kept(void **state)
{
	static const char *const ways[] = {"fork", "exec", "setns"};

	(void)state;
	if (!is_possible())
		skip();
	for (int i = 0; i < 6; i++) {
		struct run *r = guarded_due(400 * MS, SET("WALL=400ms"),
					    ARGV("live_in_other_time", ways[i / 2], OFFSETS[i % 2], "9000"));

		print_message("# %s %s\n", ways[i / 2], OFFSETS[i % 2]);
		expect_signal(r, SIGTERM);
		expect_verdict(r, "wall");
		expect_due(r, 400 * MS);
		run_free(r);
	}
}

static void progress_is_told_in_the_time_of_the_tree(void **state)
{
	(void)state;
	if (!is_possible())
		skip();
	for (int i = 0; i < 2; i++) {
		struct run *r =
			guarded(SET("IDLE=20s"), ARGV("live_in_other_time", "idle", OFFSETS[i], "300"));
		/* The last of the calls comes at 250 ms. */
		struct run *s = guarded_due(850 * MS, SET("IDLE=600ms"),
					    ARGV("live_in_other_time", "idle-and-stay", OFFSETS[i], "300"));

		print_message("# %s\n", OFFSETS[i]);
		expect_exit(r, 0);
		expect_verdict(s, "idle");
		expect_due(s, 850 * MS);
		run_free(r);
		run_free(s);
	}
}

static void who_began_at_another_time_is_not_taken_for_dead(void **state)
{
	(void)state;
	if (!is_possible())
		skip();
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("MEM=10M", "PROCS=3"),
					ARGV("live_in_other_time", "hold", OFFSETS[i], "1"));

		expect_exit(r, 0);
		expect_out(r, "first=1 second=0\n");
		run_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_deadline_comes_early),
		cmocka_unit_test(deadlines_are_kept),
		cmocka_unit_test(progress_is_told_in_the_time_of_the_tree),
		cmocka_unit_test(who_began_at_another_time_is_not_taken_for_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
