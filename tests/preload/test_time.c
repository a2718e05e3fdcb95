/*
 * test_time.c - wall and processor time: when, by which steps, and who is hit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool used_more_than(const struct run *r, const void *limit_ns)
{
	return run_cpu_ns(r) >= *(const int64_t *)limit_ns;
}

static void wall_time_ends_sleeping_and_spinning_programs(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(200 * MS, SET("WALL=200ms"), ARGV("run_for_ever", ways[i]));

		expect_ended_by(r, SIGTERM, "wall");
		expect_due(r, 200 * MS);
		expect(r, record_int(r, "signal") == SIGTERM);
		expect(r, step_is(r, 0, "TERM"));
		expect(r, step_ns(r, 0) >= 199 * MS && step_ns(r, 0) < 200 * MS + LATE);
		expect(r, record_int(r, "wall_ns") >= step_ns(r, 0));
		expect(r, record_int(r, "limits.wall_ns") == 200 * MS);
		run_free(r);
	}
}

static void processor_time_ends_with_xcpu_and_then_kill(void **state)
{
	struct run *r =
		run_undisturbed(&(struct spec){.set = SET("CPU=200ms"), .argv = ARGV("run_for_ever", "spin")},
				used_more_than, &(int64_t){200 * MS + LATE});

	(void)state;
	expect_ended_by(r, SIGXCPU, "cpu");
	expect(r, run_cpu_ns(r) >= 190 * MS);
	expect(r, run_cpu_ns(r) < 200 * MS + LATE);
	expect(r, step_is(r, 0, "XCPU"));
	run_free(r);

	r = guarded(SET("CPU=200ms", "GRACE=100ms"), ARGV("run_for_ever", "spin", "24"));
	expect_ended_by(r, SIGKILL, "cpu");
	expect(r, step_is(r, 1, "KILL"));
	run_free(r);
}

static void a_watchdog_whose_step_ended_nobody_runs_where_it_did(void **state)
{
	struct run *r = guarded(SET("CPU=100ms", "GRACE=60s"), ARGV("outlive_xcpu", "120"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "past the limit\n");
	expect(r, step_is(r, 0, "XCPU"));
	expect(r, !step_is(r, 1, "KILL"));
	run_free(r);
}

static void sleeping_uses_no_processor_time(void **state)
{
	struct run *r = guarded(SET("CPU=100ms", "WALL=500ms"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	run_free(r);
}

static void processor_time_is_summed_over_the_tree(void **state)
{
	struct run *r = guarded(SET("CPU=300ms"), ARGV("spin_in_children", "2"));

	(void)state;
	expect_verdict(r, "cpu");
	expect(r, r->elapsed_ns >= 150 * MS); /* on as many processors as there are children */
	expect(r, record_int(r, "cpu_ns") >= 300 * MS);
	run_free(r);
}

static void children_that_were_killed_or_not_announced_count(void **state)
{
	static const char *const ways[] = {"exit", "kill", "clone"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r =
			run_undisturbed(&(struct spec){.set = SET("CPU=300ms", "WALL=15s"),
						       .argv = ARGV("burn_in_children", "30", ways[i])},
					used_more_than, &(int64_t){330 * MS + LATE});

		print_message("# %s\n", ways[i]);
		expect_verdict(r, "cpu");
		expect(r, run_cpu_ns(r) >= 200 * MS); /* but for the last child, which nobody waited for */
		expect(r, run_cpu_ns(r) < 330 * MS + LATE);
		expect(r, record_int(r, "cpu_ns") >= 300 * MS);
		run_free(r);
	}
}

static bool had_no_time(const struct run *r, const void *unused)
{
	(void)unused;
	return !strstr(r->out, "peak=");
}

static void the_record_of_a_program_that_was_ended_has_its_exact_peak(void **state)
{
	(void)state;
	for (int i = 1; i <= 5; i++) {
		char blocks[16];
		struct run *r;

		snprintf(blocks, sizeof(blocks), "%d", 1013 * i);
		r = run_undisturbed(
			&(struct spec){.set = SET("WALL=150ms"), .argv = ARGV("peak_then_wait", blocks)},
			had_no_time, NULL);
		expect_signal(r, SIGTERM);
		expect(r, record_int(r, "mem_peak_bytes") == out_number(r, "peak"));
		run_free(r);
	}
}

static void wall_time_ends_children_too(void **state)
{
	/* Their ends of the output pipes close only when they die: run_guarded() waits for that. */
	struct run *r = guarded_due(300 * MS, SET("WALL=300ms"), ARGV("spin_in_children", "3"));

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	expect_due(r, 300 * MS);
	run_free(r);
}

/* The first process exits 0 at once, the last of its tree is gone between these times. */
static void expect_tree_gone(int64_t from_ns, int64_t until_ns, const char *const set[],
			     const char *const argv[])
{
	struct run *r = run_between(&(struct spec){.set = set, .argv = argv}, 0, until_ns);

	expect_exit(r, 0);
	expect(r, r->tree_ns >= from_ns && r->tree_ns < until_ns);
	run_free(r);
}

static void children_that_outlive_their_parent_meet_the_deadline(void **state)
{
	(void)state;
	/* TERM at the deadline, whether or not they have called anything that we see. */
	expect_tree_gone(300 * MS, 300 * MS + LATE, SET("WALL=300ms"),
			 ARGV("spin_in_children", "2", "leave"));
	expect_tree_gone(300 * MS, 300 * MS + LATE, SET("WALL=300ms"), ARGV("leave_sleeping_child"));
	expect_tree_gone(300 * MS, 300 * MS + LATE, SET("WALL=300ms", "WALL_ACTION=KILL"),
			 ARGV("leave_sleeping_child"));
	/* The kernel's own timer knows nothing of processor time, and a busy machine gives it when it can. */
	expect_tree_gone(290 * MS, 15 * SEC, SET("WALL=1h", "CPU=300ms"),
			 ARGV("spin_in_children", "1", "leave"));
}

static void zero_wall_time_ends_at_once(void **state)
{
	struct run *r = guarded_due(0, SET("WALL=0"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	expect_due(r, 0);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_time_ends_sleeping_and_spinning_programs),
		cmocka_unit_test(processor_time_ends_with_xcpu_and_then_kill),
		cmocka_unit_test(a_watchdog_whose_step_ended_nobody_runs_where_it_did),
		cmocka_unit_test(sleeping_uses_no_processor_time),
		cmocka_unit_test(processor_time_is_summed_over_the_tree),
		cmocka_unit_test(children_that_were_killed_or_not_announced_count),
		cmocka_unit_test(the_record_of_a_program_that_was_ended_has_its_exact_peak),
		cmocka_unit_test(wall_time_ends_children_too),
		cmocka_unit_test(children_that_outlive_their_parent_meet_the_deadline),
		cmocka_unit_test(zero_wall_time_ends_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
