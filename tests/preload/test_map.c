/*
 * test_map.c - memory that the program maps: what is charged, what is refused, to the page.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const calls[] = {"mmap",	  "mmap64", "mmap_noreserve", "mmap_fixed",    "mmap_shared",
				    "mmap_memfd", "mremap", "mprotect",	      "pkey_mprotect", "sbrk",
				    "brk",	  "shmat"};
enum { CALLS = sizeof(calls) / sizeof(*calls) };

static void every_call_is_refused_with_enomem_over_budget(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS; i++) {
		struct run *r = guarded(SET("MEM=2M"), ARGV("map_by_name", calls[i], "4194304"));
		char name[32];

		print_message("# %s\n", calls[i]);
		expect_exit(r, 0);
		expect_out(r, "refused errno=12\n");
		expect(r, record_int(r, "denied.mem") == 1);
		expect(r, record_int(r, "mem_peak_bytes") < 2 * MIB);
		snprintf(name, sizeof(name), "%s", strncmp(calls[i], "mmap", 4) ? calls[i] : "mmap");
		expect(r, !strcmp(record_str(r, "first_denial.call"), name));
		expect(r, record_int(r, "first_denial.bytes") >= 4 * MIB - 4096);
		expect(r, strstr(record_str(r, "first_denial.site"), "map_by_name+0x") != NULL);
		run_free(r);
	}
}

static void every_call_is_granted_within_budget_and_keeps_errno(void **state)
{
	(void)state;
	for (int i = 0; i < CALLS; i++) {
		struct run *r = guarded(SET("MEM=6M"), ARGV("map_by_name", calls[i], "4194304"));

		print_message("# %s\n", calls[i]);
		expect_exit(r, 0);
		expect_out(r, "granted errno=99\n");
		expect(r, record_find(r, "first_denial") == NULL);
		expect(r, record_int(r, "mem_peak_bytes") >= 4 * MIB);
		expect(r, !strcmp(record_str(r, "coverage.mappings"), "full"));
		run_free(r);
	}
}

/* A page of those is 2 MiB, whatever was asked for; whether the machine has any is not asked then. */
static void huge_pages_are_charged_whole(void **state)
{
	struct run *r = guarded(SET("MEM=1M"), ARGV("map_by_name", "mmap_huge", "4096"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused errno=12\n");
	expect(r, record_int(r, "denied.mem") == 1);
	expect(r, record_int(r, "first_denial.bytes") == 2 * MIB);
	run_free(r);
}

static void have_little_room(const void *unused)
{
	struct rlimit little = {256 * MIB, 256 * MIB};

	(void)unused;
	setrlimit(RLIMIT_AS, &little);
}

static void what_the_kernel_refuses_is_told_as_its_own(void **state)
{
	static const struct {
		const char *how, *bytes, *call;
	} cases[] = {{"mmap", "1073741824", "mmap"}, {"mprotect_too_far", "4096", "mprotect"}};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r =
			run_guarded(&(struct spec){.set = SET("MEM=4G"),
						   .argv = ARGV("map_by_name", cases[i].how, cases[i].bytes),
						   .prepare = have_little_room});

		print_message("# %s\n", cases[i].how);
		expect_out(r, "refused errno=12\n");
		expect(r, !strcmp(record_str(r, "failed_call"), cases[i].call));
		expect(r, record_int(r, "errno") == 12 && !record_find(r, "denied.mem"));
		run_free(r);
	}
}

static void each_step_is_charged_as_the_kernel_commits(void **state)
{
	static const char *const topics[] = {"protections", "parts",  "moves",	  "shares",
					     "files",	    "breaks", "failures", "crowd"};

	(void)state;
	for (int i = 0; i < 8; i++) {
		struct run *r = guarded(SET("MEM=200M"), ARGV("follow_mappings", topics[i]));

		print_message("# %s\n", topics[i]);
		expect_out(r, "wrong=0\n");
		expect_exit(r, 0);
		run_free(r);
	}
}

/* The kernel leaves what it had done when it refused the rest: that is charged, and no more. */
static void what_failed_halfway_is_charged_as_the_kernel_left_it(void **state)
{
	struct run *r = guarded(SET("MEM=200M"), ARGV("fail_halfway"));

	(void)state;
	expect(r, strstr(r->out, "wrong=0 ") != NULL);
	expect(r, out_number(r, "failed") >= 1);
	expect_exit(r, 0);
	run_free(r);
}

static void ledger_agrees_with_the_kernel_after_random_operations(void **state)
{
	bool is_long = getenv("RL_LONG") && *getenv("RL_LONG");
	const char *const operations = is_long ? "1000000" : "60000";
	static const char *const seeds[] = {"1", "2", "3"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r =
			run_guarded(&(struct spec){.argv = ARGV("churn_mappings", operations, seeds[i]),
						   .set = SET("MEM=200M"),
						   .timeout_s = is_long ? 600 : 180});

		expect_out(r, "wrong=0\n");
		expect(r, out_number(r, "checks") >= 100);
		expect_exit(r, 0);
		run_free(r);
	}
}

static void ledger_agrees_with_the_kernel_after_random_failures(void **state)
{
	bool is_long = getenv("RL_LONG") && *getenv("RL_LONG");
	static const char *const seeds[] = {"1", "2", "3", "4"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = guarded(SET("MEM=200M"), ARGV("churn_mappings", is_long ? "20000" : "2500",
							      seeds[i], "halfway"));

		expect_out(r, "wrong=0\n");
		expect(r, out_number(r, "checks") >= 100);
		expect_exit(r, 0);
		run_free(r);
	}
}

static void each_page_of_a_shared_object_is_charged_once_while_anything_shows_it(void **state)
{
	bool is_long = getenv("RL_LONG") && *getenv("RL_LONG");
	static const char *const seeds[] = {"1", "2", "3", "4"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r =
			guarded(SET("MEM=200M"), ARGV("churn_views", is_long ? "200000" : "10000", seeds[i]));

		expect_out(r, "wrong=0 left=0\n");
		expect_exit(r, 0);
		run_free(r);
	}
}

/* Read-only views, views in many pieces, and more of them than the table has room for. */
static void views_are_followed_step_by_step(void **state)
{
	struct run *r = guarded(SET("MEM=200M"), ARGV("follow_views"));

	(void)state;
	expect_out(r, "wrong=0\n");
	expect_exit(r, 0);
	run_free(r);
}

static void what_takes_the_place_of_a_view_pays_if_the_view_has_an_heir(void **state)
{
	struct run *r = guarded(SET("MEM=1M"), ARGV("replace_view"));

	(void)state;
	expect_out(r, "refused=1 shown=xx\n");
	expect_exit(r, 0);
	expect(r, record_int(r, "denied.mem") == 2);
	run_free(r);
}

/* With room for all, and at the limit; there a view that moves may be forgotten when its payer goes. */
static void threads_that_show_the_same_pages_are_charged_once_for_them(void **state)
{
	static const char *const limits[] = {"MEM=200M", "MEM=300K"}, *const seeds[] = {"1", "2"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = guarded(SET(limits[i / 2]),
					ARGV("race_views", "500", seeds[i % 2], i < 2 ? "1" : "0"));

		expect_out(r, "wrong=0 left=0\n");
		expect_exit(r, 0);
		run_free(r);
	}
}

/* The kernel needs no memory for it, nor, for some, do we; and what we cannot note is charged once, not
 * twice. */
static void a_full_address_space_lets_everything_be_unmapped(void **state)
{
	static const char *const blocks[] = {"1", "63", "600"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded(SET("MEM=20G"), ARGV("unmap_when_full", blocks[i]));

		print_message("# %s\n", blocks[i]);
		expect_exit(r, 0);
		expect(r, out_number(r, "failed") == 0);
		if (i < 2)
			expect(r, out_number(r, "over") == 0);
		expect(r, out_number(r, "over") >= 0);
		expect(r, out_number(r, "again") == 0);
		expect(r, out_number(r, "left") == 0);
		run_free(r);
	}
}

static void a_handler_may_map_in_the_middle_of_mapping(void **state)
{
	struct run *r = guarded(SET("MEM=200M"), ARGV("map_in_handler", "10000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "handled") > 100);
	expect(r, out_number(r, "left") == 0);
	run_free(r);
}

static void a_handler_may_jump_out_of_a_mapping_call(void **state)
{
	struct run *r = guarded(SET("MEM=200M"), ARGV("map_in_handler", "10000", "jump"));

	(void)state;
	/* What a call had in hand when it was left may stay charged, and nothing hangs. */
	expect_exit(r, 0);
	expect(r, out_number(r, "handled") > 100);
	run_free(r);
}

static void forks_in_the_middle_of_mapping_leave_both_sides_right(void **state)
{
	struct run *r = run_guarded(
		&(struct spec){.argv = ARGV("map_across_forks", "4", "200"), .set = SET("MEM=200M")});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "bad=0 left=0\n");
	run_free(r);
}

#define JEMALLOC "/usr/lib/x86_64-linux-gnu/libjemalloc.so.2"

static void mappings_of_another_allocator_are_not_counted_twice(void **state)
{
	struct run *r;

	(void)state;
	if (access(JEMALLOC, R_OK))
		skip();
	r = run_guarded(&(struct spec){.argv = ARGV("allocate_until_refused", "100000", "2"),
				       .set = SET("MEM=64M"),
				       .preload = JEMALLOC});
	expect_exit(r, 0);
	expect(r, out_number(r, "bytes0") > 63 * MIB);
	expect(r, out_number(r, "bytes0") <= 64 * MIB);
	expect(r, record_int(r, "mem_peak_bytes") <= 64 * MIB);
	run_free(r);
	/* What the program maps itself is. */
	r = run_guarded(&(struct spec){
		.argv = ARGV("map_by_name", "mmap", "4194304"), .set = SET("MEM=2M"), .preload = JEMALLOC});
	expect_out(r, "refused errno=12\n");
	run_free(r);
}

static void expect_to_start(const char *const argv[])
{
	struct run *r;

	if (access(argv[0], X_OK))
		skip();
	r = run_guarded(&(struct spec){.argv = argv, .set = SET("MEM=200M")});
	expect_exit(r, 0);
	expect(r, record_find(r, "first_denial") == NULL);
	expect(r, record_int(r, "mem_peak_bytes") > 4 * MIB);
	run_free(r);
}

static void node_starts_within_200_mib_though_it_reserves_more(void **state)
{
	(void)state;
	expect_to_start(ARGV("/usr/bin/node", "-e", "1"));
}

static void java_starts_within_200_mib_though_it_reserves_more(void **state)
{
	(void)state;
	expect_to_start(ARGV("/usr/bin/java", "-version"));
	expect_to_start(ARGV("/usr/bin/java", "-Xmx64m", "-version"));
}

static void the_machine_has_at_most_eight_times_the_budget(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("/usr/bin/getconf", "_PHYS_PAGES"));

	(void)state;
	expect_out(r, "16384\n");
	run_free(r);
	r = guarded(SET("THREADS=1"), ARGV("/usr/bin/getconf", "_PHYS_PAGES"));
	expect(r, strtol(r->out, NULL, 10) == sysconf(_SC_PHYS_PAGES));
	run_free(r);
}

static void python_sees_a_refused_mapping_as_an_error(void **state)
{
	struct run *r = guarded(SET("MEM=64M"), ARGV("/usr/bin/python3", "-c",
						     "import mmap\n"
						     "m = mmap.mmap(-1, 8 << 20); m.close()\n"
						     "try: mmap.mmap(-1, 80 << 20)\n"
						     "except OSError as e: print('errno', e.errno)\n"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "errno 12\n");
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_call_is_refused_with_enomem_over_budget),
		cmocka_unit_test(every_call_is_granted_within_budget_and_keeps_errno),
		cmocka_unit_test(huge_pages_are_charged_whole),
		cmocka_unit_test(what_the_kernel_refuses_is_told_as_its_own),
		cmocka_unit_test(each_step_is_charged_as_the_kernel_commits),
		cmocka_unit_test(what_failed_halfway_is_charged_as_the_kernel_left_it),
		cmocka_unit_test(ledger_agrees_with_the_kernel_after_random_operations),
		cmocka_unit_test(ledger_agrees_with_the_kernel_after_random_failures),
		cmocka_unit_test(each_page_of_a_shared_object_is_charged_once_while_anything_shows_it),
		cmocka_unit_test(views_are_followed_step_by_step),
		cmocka_unit_test(what_takes_the_place_of_a_view_pays_if_the_view_has_an_heir),
		cmocka_unit_test(threads_that_show_the_same_pages_are_charged_once_for_them),
		cmocka_unit_test(a_full_address_space_lets_everything_be_unmapped),
		cmocka_unit_test(a_handler_may_map_in_the_middle_of_mapping),
		cmocka_unit_test(a_handler_may_jump_out_of_a_mapping_call),
		cmocka_unit_test(forks_in_the_middle_of_mapping_leave_both_sides_right),
		cmocka_unit_test(mappings_of_another_allocator_are_not_counted_twice),
		cmocka_unit_test(node_starts_within_200_mib_though_it_reserves_more),
		cmocka_unit_test(java_starts_within_200_mib_though_it_reserves_more),
		cmocka_unit_test(the_machine_has_at_most_eight_times_the_budget),
		cmocka_unit_test(python_sees_a_refused_mapping_as_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
