/*
 * test_grace.c - MEM_GRACE with MEM_HARD, RESERVE and MEM_GROWTH, as programs meet them.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

static bool is_long(void)
{
	const char *text = getenv("RL_LONG");

	return text && *text;
}

/* However loaded the machine is: as many spikes are seen as are made, none for longer than it is one. */
static void every_spike_is_seen_and_none_runs_into_the_next(void **state)
{
	static const char *const who[] = {NULL, "thread", "process"};
	static const char *const block[] = {"3000000", "20000", "300"};

	(void)state;
	for (int i = 0; i < 9; i++) {
		struct run *r =
			guarded(SET("MEM=2M", "MEM_HARD=4M", "MEM_GRACE=1h", "MEM_ACTION=TERM,KILL"),
				ARGV("spike_above", "20", "3000000", block[i / 3], "1000", "10", who[i % 3]));

		expect_exit(r, 0);
		expect(r, out_number(r, "done") == 20);
		expect(r, record_int(r, "mem_spikes") == 20);
		expect(r, record_int(r, "mem_spike_longest_ns") <= out_number(r, "longest"));
		expect(r, record_int(r, "mem_spike_longest_ns") >= MS);
		run_free(r);
	}
}

/*
 * What is above MEM is what is charged, from malloc's return on: an allocator that stalls for longer than
 * the dead stay unlooked for neither makes two spikes of one nor makes it longer, by the 15 ms of each.
 */
static void stall_within_malloc_is_neither_a_spike_nor_part_of_one(void **state)
{
	static const char *const who[] = {NULL, "thread", "process"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = run_guarded(&(struct spec){
			.set = SET("MEM=2M", "MEM_HARD=4M", "MEM_GRACE=1h", "MEM_ACTION=TERM,KILL"),
			.argv = ARGV("spike_above", "4", "2900000", "2900000", "1000", "10", who[i]),
			.preload = subject_path("libslow.so")});

		expect_exit(r, 0);
		expect(r, out_number(r, "done") == 4);
		expect(r, record_int(r, "mem_spikes") == 4);
		expect(r, record_int(r, "mem_spike_longest_ns") + 15 * MS <= out_number(r, "longest"));
		run_free(r);
	}
}

static void request_that_the_allocator_fails_is_no_spike(void **state)
{
	struct run *r = run_guarded(
		&(struct spec){.set = SET("MEM=2M", "MEM_HARD=4M", "MEM_GRACE=1h", "MEM_ACTION=TERM,KILL"),
			       .argv = ARGV("spike_above", "1", "3000000", "3000000", "1000", "10"),
			       .preload = subject_path("libslow.so")});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0\n");
	expect(r, record_int(r, "mem_spikes") == 0);
	expect(r, record_int(r, "mem_spike_longest_ns") == 0);
	expect(r, !record_find(r, "denied.mem"));
	run_free(r);
}

/* A machine that stalls for as long as the grace makes a short spike a long one. */
static bool was_signalled(const struct run *r, const void *unused)
{
	(void)unused;
	return WIFSIGNALED(r->status);
}

/* A watchdog that a stalled machine wakes too late finds nothing left to end. */
static bool was_left(const struct run *r, const void *unused)
{
	return !was_signalled(r, unused);
}

/* Together the spikes are longer than the grace: a clock that goes on from one to the next would end them. */
static void expect_spikes_granted(const char *bytes, const char *block, const char *who)
{
	const char *count = is_long() ? "250" : "60";
	const char *above_us = is_long() ? "100000" : "20000";
	const char *grace = is_long() ? "MEM_GRACE=2s" : "MEM_GRACE=1s";
	struct spec spec = {
		.set = SET("MEM=2M", "MEM_HARD=4M", grace, "MEM_ACTION=TERM,KILL"),
		.argv = ARGV("spike_above", count, bytes, block, above_us, "500", who),
		.timeout_s = is_long() ? 60 : 30,
	};
	struct run *r = run_undisturbed(&spec, was_signalled, NULL);

	expect_exit(r, 0);
	expect(r, out_number(r, "done") == atol(count));
	expect_verdict(r, "ok");
	expect(r, record_int(r, "mem_spikes") >= atol(count));
	expect(r, record_int(r, "mem_spike_longest_ns") >= atol(above_us) * 1000);
	expect(r, !record_find(r, "denied.mem"));
	expect(r, record_int(r, "mem_peak_bytes") > 3000000);
	run_free(r);
}

static void spikes_shorter_than_the_grace_are_never_interrupted(void **state)
{
	(void)state;
	expect_spikes_granted("3000000", "3000000", NULL);
	expect_spikes_granted("3000000", "20000", NULL);
	expect_spikes_granted("3000000", "20000", "thread");
	expect_spikes_granted("3000000", "20000", "process");
}

/* The watchdog sleeps by then: it has to be told. */
static void expect_spike_ended(const char *block, const char *who)
{
	const char *above_us = is_long() ? "800000" : "400000";
	const char *grace = is_long() ? "MEM_GRACE=500ms" : "MEM_GRACE=100ms";
	int64_t grace_ns = is_long() ? 500 * MS : 100 * MS;
	struct run *r = run_undisturbed(
		&(struct spec){.set = SET("MEM=2M", "MEM_HARD=4M", grace, "MEM_ACTION=TERM,KILL"),
			       .argv = ARGV("spike_above", "1", "3000000", block, above_us, "50000", who)},
		was_left, NULL);

	expect_ended_by(r, SIGTERM, "mem");
	expect(r, record_int(r, "mem_spike_longest_ns") >= grace_ns);
	expect(r, record_int(r, "wall_ns") >= grace_ns);
	expect(r, !record_find(r, "denied.mem"));
	run_free(r);
}

static void spikes_longer_than_the_grace_are_always_ended(void **state)
{
	(void)state;
	for (int i = 0; i < (is_long() ? 20 : 5); i++) {
		expect_spike_ended("3000000", NULL);
		expect_spike_ended("20000", NULL);
		expect_spike_ended("20000", "thread");
		expect_spike_ended("20000", "process");
	}
}

static void spike_beyond_the_ceiling_is_refused_to_the_byte(void **state)
{
	struct run *r =
		guarded(SET("MEM=1M", "MEM_HARD=3M", "MEM_GRACE=1h"), ARGV("allocate_until_refused", "1000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, record_int(r, "denied.mem") == 1);
	expect(r, record_int(r, "mem_peak_bytes") <= 3 * MIB);
	expect(r, record_int(r, "mem_peak_bytes") > 3 * MIB - 1100);
	run_free(r);
}

static void threads_and_processes_never_pass_the_ceiling(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_HARD=3M", "MEM_GRACE=1h"),
				ARGV("allocate_in_threads", "4", "3000"));

	(void)state;
	expect(r, record_int(r, "denied.mem") > 0);
	expect(r, record_int(r, "mem_peak_bytes") <= 3 * MIB);
	expect(r, out_number(r, "total") <= 3 * MIB);
	expect(r, out_number(r, "total") > 3 * MIB - 4 * 3100 - 20000);
	run_free(r);
	r = guarded(SET("MEM=1M", "MEM_HARD=3M", "MEM_GRACE=1h"), ARGV("allocate_in_children", "4", "3000"));
	expect(r, record_int(r, "denied.mem") > 0);
	expect(r, out_number(r, "total") <= 3 * MIB);
	expect(r, record_int(r, "mem_peak_bytes") <= 3 * MIB);
	expect(r, record_int(r, "mem_peak_bytes") > 3 * MIB - 20000);
	run_free(r);
}

/* Each process has a budget and a grace of its own; together they are above what one may have. */
static void processes_with_budgets_of_their_own_spike_alone(void **state)
{
	struct run *r = guarded(
		SET("MEM=2M", "MEM_HARD=4M", "MEM_GRACE=50ms", "MEM_ACTION=TERM,KILL", "SCOPE=process"),
		ARGV("spike_above", "2", "3000000", "20000", "100000", "0", "process"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "done") == 2);
	expect(r, record_int(r, "mem_spikes") == 0);
	run_free(r);
	/* Both stay above theirs. Where the first is late its child has ended, and so has its own spike. */
	r = run_undisturbed(&(struct spec){.set = SET("MEM=1M", "MEM_HARD=4M", "MEM_GRACE=50ms",
						      "MEM_ACTION=TERM,KILL", "SCOPE=process"),
					   .argv = ARGV("spike_above", "1", "3000000", "20000", "5000000",
							"0", "process")},
			    was_left, NULL);
	expect_ended_by(r, SIGTERM, "mem");
	expect(r, record_int(r, "mem_spikes") == 1);
	run_free(r);
}

/* With plain deny MEM holds once the time is over, and until the program has come back below it. */
static void after_the_time_requests_are_refused_until_it_is_below_again(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_HARD=4M", "MEM_GRACE=1s"), ARGV("overstay", "1100"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "at once: granted\n"
		      "in time: granted\n"
		      "too late: refused\n"
		      "still: refused\n"
		      "below: granted\n"
		      "above again: granted\n");
	expect_verdict(r, "ok");
	expect(r, record_int(r, "denied.mem") == 2);
	expect(r, record_int(r, "mem_spikes") == 2);
	run_free(r);
}

/* `deny:100ms,KILL` refuses for 100 ms after the grace; a program that asks for nothing more is ended too. */
static void delay_of_deny_counts_from_the_end_of_the_grace(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_HARD=4M", "MEM_GRACE=50ms", "MEM_ACTION=deny:100ms,KILL"),
				ARGV("spike_above", "1", "2000000", "2000000", "30000000", "0"));

	(void)state;
	expect_ended_by(r, SIGKILL, "mem");
	expect(r, record_int(r, "wall_ns") >= 150 * MS);
	run_free(r);
}

static void inner_budget_spikes_within_the_outer(void **state)
{
	struct run *r = guarded(
		SET("MEM=8M"), ARGV("/usr/bin/env", "RESLIMIT_MEM=1M", "RESLIMIT_MEM_HARD=4M",
				    "RESLIMIT_MEM_GRACE=50ms", "RESLIMIT_MEM_ACTION=TERM,KILL",
				    subject_path("spike_above"), "1", "2000000", "2000000", "30000000", "0"));

	(void)state;
	expect_signal(r, SIGTERM);
	run_free(r);
}

static void reserve_serves_the_error_handler_and_no_more(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "RESERVE=100000"), ARGV("use_reserve", "10000", "5000"));
	struct run *without = guarded(SET("MEM=1M"), ARGV("use_reserve", "10000", "5000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "before") <= MIB);
	expect(r, out_number(r, "before") > MIB - 10100);
	expect(r, out_number(r, "all") <= MIB + 100000);
	expect(r, out_number(r, "all") > MIB + 100000 - 5100);
	expect(r, record_bool(r, "reserve_opened"));
	expect(r, record_int(r, "denied.mem") == 2);
	expect(r, record_int(r, "mem_peak_bytes") <= MIB + 100000);
	expect(without, out_number(without, "all") <= MIB);
	run_free(r);
	run_free(without);
	r = guarded(SET("MEM=8M", "RESERVE=100000"), ARGV("allocate_once", "1000"));
	expect(r, !record_bool(r, "reserve_opened"));
	run_free(r);
}

static void growth_is_counted_from_main_exactly(void **state)
{
	struct run *r = guarded(SET("MEM_GROWTH=1M"), ARGV("use_reserve", "10000", "5000"));

	(void)state;
	expect(r, out_number(r, "before") <= MIB);
	expect(r, out_number(r, "before") > MIB - 10100);
	expect(r, record_int(r, "denied.mem_growth") == 2);
	expect(r, !record_find(r, "denied.mem"));
	expect(r, record_int(r, "limits.mem_growth_bytes") == MIB);
	run_free(r);

	/* Large before main, and yet the same growth. */
	r = run_guarded(&(struct spec){.set = SET("MEM_GROWTH=1M"),
				       .argv = ARGV("use_reserve", "10000", "5000"),
				       .preload = subject_path("libearly.so")});
	expect(r, record_int(r, "mem_base_bytes") > 0);
	expect(r, out_number(r, "before") <= MIB);
	expect(r, out_number(r, "before") > MIB - 10100);
	run_free(r);
}

/* The program's own constructors run after ours, and before its main. */
static void what_constructors_of_the_program_hold_is_no_growth(void **state)
{
	struct run *r = guarded(SET("MEM_GROWTH=4M"), ARGV("grow_after_constructor", "1000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "grown") <= 4 * MIB);
	expect(r, out_number(r, "grown") > 4 * MIB - 1100);
	expect(r, record_int(r, "mem_base_bytes") >= 2 * MIB);
	expect(r, record_int(r, "mem_base_bytes") < 2 * MIB + 100 * KIB);
	run_free(r);
}

static void growth_and_mem_bind_together(void **state)
{
	struct run *r = guarded(SET("MEM_GROWTH=4M", "MEM=1M"), ARGV("use_reserve", "10000", "5000"));

	(void)state;
	expect(r, record_int(r, "denied.mem") == 2);
	expect(r, !record_find(r, "denied.mem_growth"));
	run_free(r);
	r = guarded(SET("MEM_GROWTH=1M", "MEM=8M"), ARGV("fail_after_refusal", "2000000", "1", "7"));
	expect_verdict(r, "mem_growth");
	expect(r, !record_bool(r, "certain"));
	run_free(r);
}

/* A shell runs the program: the growth is the tree's, from the program that the first process runs last. */
static void growth_of_children_counts_against_the_tree(void **state)
{
	char command[512];
	struct run *r;

	(void)state;
	snprintf(command, sizeof(command), "%s 10000 5000; true", subject_path("use_reserve"));
	r = guarded(SET("MEM_GROWTH=1M"), ARGV("/bin/sh", "-c", command));
	expect(r, out_number(r, "before") <= MIB);
	expect(r, out_number(r, "before") > MIB - 200000);
	expect(r, record_int(r, "denied.mem_growth") == 2);
	run_free(r);
	r = guarded(SET("MEM_GROWTH=1M"), ARGV("/usr/bin/env", subject_path("use_reserve"), "10000", "5000"));
	expect(r, out_number(r, "before") <= MIB);
	expect(r, out_number(r, "before") > MIB - 10100);
	run_free(r);
}

static void contradictions_are_refused_with_their_remedy(void **state)
{
	(void)state;
	expect_complaint(SET("MEM=1M", "MEM_GRACE=1s"), "RESLIMIT_MEM_GRACE: has no ceiling");
	expect_complaint(SET("MEM=1M", "MEM_HARD=2M"), "RESLIMIT_MEM_HARD: without a time");
	expect_complaint(SET("MEM=2M", "MEM_HARD=1M", "MEM_GRACE=1s"),
			 "RESLIMIT_MEM_HARD=1048576: less than RESLIMIT_MEM, which is 2097152 bytes");
	expect_complaint(SET("MEM_HARD=1M", "MEM_GRACE=1s"), "RESLIMIT_MEM_GRACE: there is no RESLIMIT_MEM");
	expect_complaint(SET("RESERVE=1M"), "RESLIMIT_RESERVE: nothing is ever refused");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_spike_is_seen_and_none_runs_into_the_next),
		cmocka_unit_test(stall_within_malloc_is_neither_a_spike_nor_part_of_one),
		cmocka_unit_test(request_that_the_allocator_fails_is_no_spike),
		cmocka_unit_test(spikes_shorter_than_the_grace_are_never_interrupted),
		cmocka_unit_test(spikes_longer_than_the_grace_are_always_ended),
		cmocka_unit_test(spike_beyond_the_ceiling_is_refused_to_the_byte),
		cmocka_unit_test(threads_and_processes_never_pass_the_ceiling),
		cmocka_unit_test(processes_with_budgets_of_their_own_spike_alone),
		cmocka_unit_test(after_the_time_requests_are_refused_until_it_is_below_again),
		cmocka_unit_test(delay_of_deny_counts_from_the_end_of_the_grace),
		cmocka_unit_test(inner_budget_spikes_within_the_outer),
		cmocka_unit_test(reserve_serves_the_error_handler_and_no_more),
		cmocka_unit_test(growth_is_counted_from_main_exactly),
		cmocka_unit_test(what_constructors_of_the_program_hold_is_no_growth),
		cmocka_unit_test(growth_and_mem_bind_together),
		cmocka_unit_test(growth_of_children_counts_against_the_tree),
		cmocka_unit_test(contradictions_are_refused_with_their_remedy),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
