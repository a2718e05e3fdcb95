/*
 * test_watch.c - conditions on what the kernel tells of a process.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

#define TICK "TICK=5ms"

/* How many descriptors the subject has beside those that it opens. */
static int64_t open_at_start(void)
{
	struct run *r = guarded(SET("WATCH=fds<=100"), ARGV("hold_resources", "fds", "0", "0"));
	int64_t count = out_number(r, "open");

	run_free(r);
	return count;
}

static void open_descriptors_are_counted_exactly(void **state)
{
	int64_t base = open_at_start();
	char condition[40];
	struct run *r;

	(void)state;
	snprintf(condition, sizeof(condition), "WATCH=fds<=%d", (int)base + 20);
	r = guarded(SET(condition, TICK), ARGV("hold_resources", "fds", "20", "100"));
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, out_number(r, "open") == base + 20);
	run_free(r);

	r = guarded(SET(condition, TICK), ARGV("hold_resources", "fds", "21", "10000"));
	expect_signal(r, SIGTERM);
	expect_verdict(r, "custom:fds");
	expect(r, record_bool(r, "certain"));
	expect(r, record_int(r, "condition.value") == base + 21);
	expect(r, record_int(r, "condition.pid") == r->pid);
	expect(r, !strcmp(record_str(r, "condition.text"), condition + strlen("WATCH=")));
	expect(r, step_is(r, 0, "TERM"));
	run_free(r);
}

static void fields_in_kilobytes_are_compared_in_bytes(void **state)
{
	struct run *r =
		guarded(SET("WATCH=VmRSS<=64M", TICK), ARGV("hold_resources", "bytes", "8000000", "50"));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
	r = guarded(SET("WATCH=VmRSS<=64M", TICK), ARGV("hold_resources", "bytes", "80000000", "10000"));
	expect_signal(r, SIGTERM);
	expect_verdict(r, "custom:VmRSS");
	expect(r,
	       record_int(r, "condition.value") > 64 * MIB && record_int(r, "condition.value") < 128 * MIB);
	run_free(r);
}

static void counters_of_the_kernel_are_watched(void **state)
{
	struct run *r = guarded(SET("WATCH=voluntary_ctxt_switches<=200", TICK),
				ARGV("hold_resources", "switches", "20", "10"));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
	r = guarded(SET("WATCH=VmSwap<=10M;fds<=64;voluntary_ctxt_switches<=200", TICK),
		    ARGV("hold_resources", "switches", "100000", "0"));
	expect_signal(r, SIGTERM);
	expect_verdict(r, "custom:voluntary_ctxt_switches");
	expect(r, record_int(r, "condition.value") > 200);
	expect(r, record_int(r, "limits.watch") == 3);
	run_free(r);
}

/* NoNewPrivs is 0 here from the start to the end. */
static void each_comparison_says_what_must_hold(void **state)
{
	static const char *const holds[] = {"<=0", "<1", ">=0", "==0", "!=1", " <= 1K"};
	static const char *const breaks[] = {"<0", ">0", ">=1", "==1", "!=0", " == 1M"};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		char good[40], bad[40];
		struct run *r;

		snprintf(good, sizeof(good), "WATCH=NoNewPrivs%s", holds[i]);
		snprintf(bad, sizeof(bad), "WATCH=NoNewPrivs%s", breaks[i]);
		r = guarded(SET(good, TICK), ARGV("hold_resources", "fds", "0", "20"));
		expect_exit(r, 0);
		expect_verdict(r, "ok");
		run_free(r);
		r = guarded(SET(bad, TICK), ARGV("hold_resources", "fds", "0", "10000"));
		expect_signal(r, SIGTERM);
		expect_verdict(r, "custom:NoNewPrivs");
		run_free(r);
	}
}

static void a_broken_condition_has_its_own_steps(void **state)
{
	struct run *r = guarded(SET("WATCH=fds<=40", "GRACE=50ms", TICK),
				ARGV("hold_resources", "fds", "50", "10000", "ignore"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect_verdict(r, "custom:fds");
	expect(r, step_is(r, 0, "TERM") && step_is(r, 1, "KILL"));
	run_free(r);
	r = guarded(SET("WATCH=fds<=1", "WATCH_ACTION=INT:1s,KILL", TICK), ARGV("run_for_ever", "sleep"));
	expect_signal(r, SIGINT);
	expect_verdict(r, "custom:fds");
	run_free(r);
	/* The cause is in the ledger before the first step, also if that leaves no time for anything. */
	r = guarded(SET("WATCH=fds<=1", "WATCH_ACTION=KILL", TICK), ARGV("run_for_ever", "spin"));
	expect_signal(r, SIGKILL);
	expect_verdict(r, "custom:fds");
	run_free(r);
}

static void each_process_of_the_tree_is_watched_on_its_own(void **state)
{
	int64_t base = open_at_start();
	char condition[40];
	struct run *r;

	(void)state;
	/* Twice twelve in all, but twelve in each. */
	snprintf(condition, sizeof(condition), "WATCH=fds<=%d", (int)base + 12);
	r = guarded(SET(condition, TICK), ARGV("hold_resources", "fds", "12", "50", "child"));
	expect_exit(r, 0);
	expect_out(r, "child=0\n");
	run_free(r);

	r = guarded(SET(condition, TICK), ARGV("hold_resources", "fds", "13", "10000", "child"));
	expect_signal(r, SIGTERM);
	expect_verdict(r, "custom:fds");
	expect(r, record_int(r, "condition.pid") == out_number(r, "pid"));
	expect(r, record_int(r, "condition.pid") != r->pid);
	run_free(r);

	r = guarded(SET(condition, "SCOPE=process", TICK),
		    ARGV("hold_resources", "fds", "13", "10000", "child"));
	expect_exit(r, 0);
	expect(r, strstr(r->out, "child=15\n") != NULL);
	run_free(r);
}

static void a_program_that_closes_everything_is_still_watched(void **state)
{
	struct run *r =
		guarded(SET("WATCH=fds<=100", TICK), ARGV("hold_resources", "fds", "98", "10000", "close"));

	(void)state;
	expect_signal(r, SIGTERM);
	run_free(r);
	/* Three and ninety-seven, once ours are gone as well. */
	r = guarded(SET("WATCH=fds<=100", TICK), ARGV("hold_resources", "fds", "97", "100", "close"));
	expect_exit(r, 0);
	run_free(r);
	r = guarded(SET("WATCH=VmRSS<=64M", TICK),
		    ARGV("hold_resources", "bytes", "80000000", "10000", "close"));
	expect_signal(r, SIGTERM);
	run_free(r);
}

static void the_lowest_free_descriptor_stays_the_programs(void **state)
{
	struct run *r =
		guarded(SET("WATCH=VmRSS<=1G;fds<=100", "TICK=1ms"), ARGV("replace_descriptor", "1500"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "");
	run_free(r);
}

static void what_is_no_condition_is_refused(void **state)
{
	static const char *const wrong[][2] = {
		{"WATCH=fds", "comparison"},
		{"WATCH=fds<=", "no number"},
		{"WATCH=fds<=x", "no number"},
		{"WATCH=fds<=-1", "no number"},
		{"WATCH=fds<=4;", "empty"},
		{"WATCH=;", "empty"},
		{"WATCH=<=4", "comparison"},
		{"WATCH=fds=4", "comparison"},
		{"WATCH=fds<=99999999999T", "no number"},
		{"WATCH=NoSuchField<=4", "/proc/self/status"},
		{"WATCH=Name==4", "/proc/self/status"},
		{"WATCH=SigBlk<=4", "/proc/self/status"},
		{"WATCH=Umask<=4", "/proc/self/status"},
		{"WATCH=Uid<=4", "/proc/self/status"},
		{"WATCH=fds<1;fds<1;fds<1;fds<1;fds<1;fds<1;fds<1;fds<1;fds<1", "more than 8"},
		{"WATCH_ACTION=deny", "no call to refuse"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_complaint(SET(wrong[i][0]), wrong[i][1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(open_descriptors_are_counted_exactly),
		cmocka_unit_test(fields_in_kilobytes_are_compared_in_bytes),
		cmocka_unit_test(counters_of_the_kernel_are_watched),
		cmocka_unit_test(each_comparison_says_what_must_hold),
		cmocka_unit_test(a_broken_condition_has_its_own_steps),
		cmocka_unit_test(each_process_of_the_tree_is_watched_on_its_own),
		cmocka_unit_test(a_program_that_closes_everything_is_still_watched),
		cmocka_unit_test(the_lowest_free_descriptor_stays_the_programs),
		cmocka_unit_test(what_is_no_condition_is_refused),
	};

	return cmocka_run_group_tests_name("watch", tests, NULL, NULL);
}
