/*
 * test_rss.c - resident memory: sampled over the tree, with a grace, from main, and unseen by the program.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static bool has_fewer_samples(const struct run *r, const void *count)
{
	return json_integer_value(record_find(r, "rss_samples")) < *(const int *)count;
}

/* On a machine that is not too busy to look as often. */
static struct run *sampled(int count, const char *const set[], const char *const argv[])
{
	return run_undisturbed(&(struct spec){.set = set, .argv = argv}, has_fewer_samples, &count);
}

static void tree_within_the_limit_is_left_alone_and_measured(void **state)
{
	struct run *r =
		sampled(3, SET("RSS=40M", "TICK=50ms"), ARGV("hold_resident", "1", "20000000", "500", "0"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "rss_tree_peak_bytes") > 20000000);
	expect(r, record_int(r, "rss_tree_peak_bytes") < 24000000);
	expect(r, record_int(r, "rss_samples") >= 3);
	expect(r, record_int(r, "rss_base_bytes") > 0);
	expect(r, !record_find(r, "baseline_exceeds_limit"));
	run_free(r);
}

static void resident_memory_above_the_limit_is_ended(void **state)
{
	struct run *r = guarded_due(0, SET("RSS=15M", "TICK=20ms"),
				    ARGV("hold_resident", "1", "20000000", "5000", "0"));

	(void)state;
	expect_ended_by(r, SIGTERM, "rss");
	expect(r, record_int(r, "limits.rss_bytes") == 15 * MIB);
	expect_due(r, 0);
	run_free(r);
}

/* What the heap limit does not see: memory that was granted and is touched later. */
static void mapped_and_untouched_is_not_resident(void **state)
{
	struct run *r = guarded(SET("RSS=15M"), ARGV("hold_resident", "0", "1000000000", "0", "0"));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
}

static void growth_is_counted_from_main(void **state)
{
	struct run *r = guarded(SET("RSS_GROWTH=21M", "TICK=20ms"),
				ARGV("hold_resident", "1", "20000000", "500", "0"));

	(void)state;
	expect_exit(r, 0);
	expect(r, record_int(r, "rss_tree_peak_bytes") > 20000000);
	run_free(r);
	r = guarded(SET("RSS_GROWTH=18M", "TICK=20ms"), ARGV("hold_resident", "1", "20000000", "5000", "0"));
	expect_ended_by(r, SIGTERM, "rss_growth");
	run_free(r);
}

static void processes_are_added_up(void **state)
{
	struct run *r = guarded(SET("RSS=50M", "TICK=20ms"),
				ARGV("hold_resident", "1", "20000000", "5000", "0", "4"));

	(void)state;
	expect_ended_by(r, SIGTERM, "rss");
	expect(r, record_int(r, "rss_tree_peak_bytes") > 50 * MIB);
	run_free(r);
}

static void pages_that_processes_share_count_once(void **state)
{
	struct run *r = sampled(3, SET("RSS=50M", "TICK=20ms"),
				ARGV("hold_resident", "1", "20000000", "500", "0", "4", "shared"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "rss_samples") >= 3);
	expect(r, record_int(r, "rss_tree_peak_bytes") < 50 * MIB);
	run_free(r);
}

/* A machine that stalls for longer than the program is below the limit does not see it there. */
static bool was_signalled(const struct run *r, const void *unused)
{
	(void)unused;
	return WIFSIGNALED(r->status);
}

static void fall_below_the_limit_resets_the_grace(void **state)
{
	/* Six times 300 ms above, and never 1 s at a stretch. */
	struct run *r =
		run_undisturbed(&(struct spec){.set = SET("RSS=15M", "RSS_GRACE=1s", "TICK=20ms"),
					       .argv = ARGV("hold_resident", "6", "20000000", "300", "300")},
				was_signalled, NULL);

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "rss_tree_peak_bytes") > 20000000);
	run_free(r);
	r = guarded_due(300 * MS, SET("RSS=15M", "RSS_GRACE=300ms", "TICK=20ms"),
			ARGV("hold_resident", "1", "20000000", "5000", "0"));
	expect_signal(r, SIGTERM);
	expect_due(r, 300 * MS);
	run_free(r);
}

static void limit_below_what_main_begins_with_is_noted_and_a_breach(void **state)
{
	struct run *r = guarded(SET("RSS=100K"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_ended_by(r, SIGTERM, "rss");
	expect(r, record_bool(r, "baseline_exceeds_limit"));
	run_free(r);
}

static void programs_that_a_shell_starts_are_added_up(void **state)
{
	char command[512];
	struct run *r;

	(void)state;
	snprintf(command, sizeof(command), "%s 1 20000000 5000 0 & exec %s 1 20000000 5000 0",
		 subject_path("hold_resident"), subject_path("hold_resident"));
	r = guarded(SET("RSS=30M", "TICK=20ms"), ARGV("/bin/sh", "-c", command));
	expect_ended_by(r, SIGTERM, "rss");
	run_free(r);
}

/* Some containers refuse the call by which a thread with a table of its own reaches the program's. */
static bool tables_can_be_private(void)
{
	long self = syscall(SYS_pidfd_open, getpid(), 0);
	long copy = syscall(SYS_pidfd_getfd, self, 0, 0);

	close((int)self);
	if (copy >= 0)
		close((int)copy);
	return copy >= 0;
}

static void looking_takes_no_descriptor_from_the_program(void **state)
{
	struct run *r;

	(void)state;
	if (!tables_can_be_private())
		skip();
	r = sampled(101, SET("RSS=1G", "TICK=1ms", "CPU=1h"), ARGV("open_lowest", "1000"));
	expect_exit(r, 0);
	expect(r, record_int(r, "rss_samples") > 100);
	expect_out(r, "wrong=0\n");
	run_free(r);
}

/* The watchdog has descriptors of its own, and yet finds the record's and the log's. */
static void record_and_log_are_written_at_a_kill(void **state)
{
	struct run *r = guarded(SET("RSS=15M", "TICK=20ms", "RSS_ACTION=KILL", "LOG=2"),
				ARGV("hold_resident", "1", "20000000", "5000", "0"));

	(void)state;
	expect_ended_by(r, SIGKILL, "rss");
	expect(r, strstr(r->err, "limit rss 15728640") != NULL);
	expect(r, strstr(r->err, "step KILL") != NULL);
	run_free(r);
}

static void contradictions_are_refused_with_their_remedy(void **state)
{
	(void)state;
	expect_complaint(SET("RSS_GRACE=1s"), "RESLIMIT_RSS_GRACE: there is no limit");
	expect_complaint(SET("RSS=1G", "TICK=1us"), "RESLIMIT_TICK=1000ns: looking would be all");
	expect_complaint(SET("RSS=1G", "RSS_ACTION=deny"), "has no call to refuse here");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tree_within_the_limit_is_left_alone_and_measured),
		cmocka_unit_test(resident_memory_above_the_limit_is_ended),
		cmocka_unit_test(mapped_and_untouched_is_not_resident),
		cmocka_unit_test(growth_is_counted_from_main),
		cmocka_unit_test(processes_are_added_up),
		cmocka_unit_test(pages_that_processes_share_count_once),
		cmocka_unit_test(fall_below_the_limit_resets_the_grace),
		cmocka_unit_test(limit_below_what_main_begins_with_is_noted_and_a_breach),
		cmocka_unit_test(programs_that_a_shell_starts_are_added_up),
		cmocka_unit_test(looking_takes_no_descriptor_from_the_program),
		cmocka_unit_test(record_and_log_are_written_at_a_kill),
		cmocka_unit_test(contradictions_are_refused_with_their_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
