/*
 * test_neighbour.c - what one process or library does leaves its neighbours alone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void a_child_without_room_leaves_the_tree_its_budget(void **state)
{
	struct run *r = guarded(SET("MEM=10M"),
				ARGV("run_children_when_full", subject_path("start_with_early_library"),
				     subject_path("allocate_until_refused"), "10000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "first") == EXIT_REFUSED_TO_START);
	expect(r, out_number(r, "ledger") == 1);
	expect(r, out_number(r, "second") == 0);
	expect(r, out_number(r, "held") + out_number(r, "bytes0") <= 10 * MIB);
	expect(r, out_number(r, "bytes0") > 3 * MIB);
	expect_record(r);
	run_free(r);
}

static void a_forked_thread_gives_back_no_place_but_its_own(void **state)
{
	static const char *const limits[] = {"THREADS=3", "THREADS=5"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET(limits[i]), ARGV("fork_in_thread", "20"));
		int64_t limit = strtoll(strchr(limits[i], '=') + 1, NULL, 10);

		expect_exit(r, 0);
		expect_out(r, "status=0\n");
		/* The thread that forked and the child's second take one each. */
		expect(r, out_number(r, "child") == limit - 2);
		expect(r, out_number(r, "parent") == limit);
		expect(r, record_int(r, "threads_peak") == limit);
		run_free(r);
	}
}

static void a_block_resized_to_nothing_at_the_limit_is_freed(void **state)
{
	struct run *r = guarded(SET("MEM=4M"), ARGV("ask_for_extremes", "realloc_zero"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "null=1\nagain=1\n");
	run_free(r);
}

static void a_resize_beyond_any_machine_is_a_refusal_of_the_budget(void **state)
{
	struct run *r = guarded(SET("MEM=64M"), ARGV("ask_for_extremes", "realloc_huge"));

	(void)state;
	expect_exit(r, 1);
	expect_out(r, "null=1 errno=12 usable=1\n");
	expect_verdict(r, "mem");
	expect(r, record_int(r, "denied.mem") == 1);
	expect(r, record_int(r, "mem_peak_bytes") < 64 * MIB);
	run_free(r);
}

static void what_no_machine_grants_is_not_refused_in_the_name_of_a_budget(void **state)
{
	static const char *const ways[] = {"malloc_huge", "realloc_huge"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		/* The kernel may grant 100T of addresses where it is told to overcommit. */
		struct run *r = guarded(SET("WALL=10s"), ARGV("ask_for_extremes", ways[i]));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 1);
		expect(r, i || strstr(r->out, "null=1 errno=12"));
		expect_verdict(r, "oserror");
		expect(r, json_object_size(record_find(r, "denied")) == 0);
		expect(r, record_find(r, "first_denial") == NULL);
		run_free(r);
	}
}

static void a_nested_budget_starts_with_no_processor_time_used(void **state)
{
	struct run *r = guarded(SET("CPU=30s"),
				ARGV("spin_then_exec", "300", subject_path("../../reslimit"), "exec", "--cpu",
				     "200ms", "--name", "inner", "--", "/bin/sleep", "0.05"));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
}

static void a_program_with_its_own_malloc_grows_arrays_by_it(void **state)
{
	static const char text[] = "kept own=1\nkept own=1\noverflow=0\n";
	struct run *r = guarded(SET("MEM=8M"), ARGV("bring_own_malloc"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, text);
	expect(r, !strcmp(record_str(r, "coverage.heap"), "bypassed"));
	run_free(r);
}

static void a_refusal_in_a_library_that_lies_elsewhere_names_its_place(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("load_library_away", subject_path("libaway.so")));
	const char *site, *offset;
	int64_t symbol, at;

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=1\n");
	symbol = out_number(r, "symbol");
	site = record_str(r, "first_denial.site");
	offset = strstr(site, "libaway.so+0x");
	expect(r, symbol >= 0x10000000);
	expect(r, offset != NULL);
	at = strtoll(strchr(offset, '+') + 1, NULL, 16);
	expect(r, at > symbol);
	expect(r, at < symbol + 64);
	run_free(r);
}

static void a_library_that_the_user_put_before_ours_stays_there_over_exec(void **state)
{
	char preload[2 * PATH_MAX];
	struct run *r;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s %s", subject_path("libearly.so"), library_path());
	r = run_guarded(&(struct spec){
		.argv = ARGV("/usr/bin/env", "-u", "RESLIMIT_LEDGER", subject_path("print_environ")),
		.set = SET(preload, "RESLIMIT_MEM=8M"),
		.verbatim = true});
	expect_exit(r, 0);
	strcat(preload, "\n");
	expect(r, strstr(r->out, preload) != NULL);
	expect(r, strstr(r->out, "RESLIMIT_LEDGER=") != NULL);
	expect_record(r);
	run_free(r);
}

static void a_library_whose_name_only_ends_like_ours_is_not_taken_for_it(void **state)
{
	const char *other = scratch_path("xlibreslimit_preload.so");
	char preload[2 * PATH_MAX];
	struct run *r = bare(ARGV("/bin/cp", subject_path("libearly.so"), other));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s:%s", other, library_path());
	r = run_guarded(&(struct spec){.argv = ARGV("exec_by_name", "execve", "empty",
						    subject_path("allocate_until_refused"), "10000"),
				       .set = SET(preload, "RESLIMIT_MEM=8M"),
				       .verbatim = true});
	expect_exit(r, 0);
	expect_out(r, "errno=12");
	expect(r, record_int(r, "denied.mem") == 1);
	run_free(r);
}

static void a_tree_whose_first_process_was_killed_is_not_said_to_have_gone_well(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("outlive_first"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect_out(r, "status=0\n");
	expect(r, strstr(r->record, "\"verdict\":\"ok\"") == NULL);
	expect(r, strstr(r->record, "\"verdict\":\"exit\"") == NULL);
	run_free(r);
}

static void a_program_that_ends_its_only_thread_by_system_call_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct run *r = guarded(SET("WALL=15s"), ARGV("end_by", "thread_exit", "7"));

		expect_exit(r, 7);
		expect(r, r->elapsed_ns < 9 * SEC);
		expect_verdict(r, "exit");
		expect(r, record_int(r, "exit_code") == 7);
		expect(r, strstr(record_str(r, "exe"), "/end_by") != NULL);
		run_free(r);
	}
}

static void a_program_whose_threads_end_one_by_one_by_system_call_ends(void **state)
{
	struct run *r = guarded(SET("WALL=15s"), ARGV("end_by", "threads_exit", "7"));

	(void)state;
	expect_exit(r, 7);
	expect(r, r->elapsed_ns > 200 * MS);
	expect(r, r->elapsed_ns < 9 * SEC);
	expect(r, record_int(r, "exit_code") == 7);
	run_free(r);
}

static void a_thread_that_joins_the_first_hears_of_its_end(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct run *r = guarded(SET("WALL=15s"), ARGV("join_first_thread"));

		expect_exit(r, 5);
		expect(r, r->elapsed_ns < 9 * SEC);
		run_free(r);
	}
}

/* Who waits for the kernel's own locks, or for a page, sleeps and wakes as well. */
static bool woke_more_than_once(const struct run *r, const void *unused)
{
	(void)unused;
	return strstr(r->out, "wakeups=") && out_number(r, "wakeups") > 1;
}

static void the_thread_of_a_sleeping_program_sleeps(void **state)
{
	static const char *const settings[] = {"WALL=1h", "CPU=1h", "IDLE=1h", "STACKS=1"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = run_undisturbed(&(struct spec){.set = SET("WALL=1h", settings[i]),
							       .argv = ARGV("count_wakeups", "1500")},
						woke_more_than_once, NULL);

		print_message("# %s\n", settings[i]);
		expect_exit(r, 0);
		expect(r, out_number(r, "threads") == 2);
		expect(r, out_number(r, "wakeups") <= 1);
		run_free(r);
	}
}

static void without_a_limit_that_needs_it_there_is_no_thread(void **state)
{
	struct run *r = guarded(SET("MEM=100M", "THREADS=3", "PROCS=3"), ARGV("count_wakeups", "1"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "threads") == 1);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_without_room_leaves_the_tree_its_budget),
		cmocka_unit_test(a_forked_thread_gives_back_no_place_but_its_own),
		cmocka_unit_test(a_block_resized_to_nothing_at_the_limit_is_freed),
		cmocka_unit_test(a_resize_beyond_any_machine_is_a_refusal_of_the_budget),
		cmocka_unit_test(what_no_machine_grants_is_not_refused_in_the_name_of_a_budget),
		cmocka_unit_test(a_nested_budget_starts_with_no_processor_time_used),
		cmocka_unit_test(a_program_with_its_own_malloc_grows_arrays_by_it),
		cmocka_unit_test(a_refusal_in_a_library_that_lies_elsewhere_names_its_place),
		cmocka_unit_test(a_library_that_the_user_put_before_ours_stays_there_over_exec),
		cmocka_unit_test(a_library_whose_name_only_ends_like_ours_is_not_taken_for_it),
		cmocka_unit_test(a_tree_whose_first_process_was_killed_is_not_said_to_have_gone_well),
		cmocka_unit_test(a_program_that_ends_its_only_thread_by_system_call_ends),
		cmocka_unit_test(a_program_whose_threads_end_one_by_one_by_system_call_ends),
		cmocka_unit_test(a_thread_that_joins_the_first_hears_of_its_end),
		cmocka_unit_test(the_thread_of_a_sleeping_program_sleeps),
		cmocka_unit_test(without_a_limit_that_needs_it_there_is_no_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
