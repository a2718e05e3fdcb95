/*
 * test_heap.c - the byte budget: what is refused, what is granted, to the byte.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

/* What libc and the loader may hold in a small C program, beside what it asks for. */
#define BASELINE (128 * KIB)

static const char *const functions[] = {"malloc",	"calloc",	  "realloc",  "realloc_null",
					"reallocarray", "aligned_alloc",  "memalign", "valloc",
					"pvalloc",	"posix_memalign", "strdup"};
enum { FUNCTIONS = sizeof(functions) / sizeof(*functions) };

static void every_function_is_refused_with_enomem_over_budget(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++) {
		struct run *r = guarded(SET("MEM=2M"), ARGV("allocate_by_name", functions[i], "4194304"));

		print_message("# %s\n", functions[i]);
		expect_exit(r, 0);
		/* posix_memalign returns its error and leaves errno. */
		expect_out(r, strcmp(functions[i], "posix_memalign") ? "refused code=0 errno=12 usable=0\n"
								     : "refused code=12 errno=99 usable=0\n");
		expect_out(r, "after_free=99\n");
		expect(r, record_int(r, "denied.mem") == 1);
		expect(r, record_int(r, "mem_peak_bytes") < 2 * MIB);
		run_free(r);
	}
}

static void every_function_is_granted_within_budget_and_keeps_errno(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++) {
		struct run *r = guarded(SET("MEM=6M"), ARGV("allocate_by_name", functions[i], "4194304"));

		print_message("# %s\n", functions[i]);
		expect_exit(r, 0);
		expect_out(r, "granted code=0 errno=99");
		expect_out(r, "after_free=99\n");
		expect(r, record_find(r, "first_denial") == NULL);
		expect(r, record_int(r, "mem_peak_bytes") >= 4 * MIB);
		run_free(r);
	}
}

static void the_refused_call_and_its_size_are_in_the_record(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++) {
		struct run *r = guarded(SET("MEM=2M"), ARGV("allocate_by_name", functions[i], "4194304"));
		const char *call = !strncmp(functions[i], "realloc_", 8) ? "realloc"
				   : !strcmp(functions[i], "strdup")	 ? "malloc"
									 : functions[i];
		print_message("# %s\n", functions[i]);
		expect_record(r);
		expect(r, !strcmp(record_str(r, "first_denial.call"), call));
		expect(r, record_int(r, "first_denial.bytes") >= 4 * MIB);
		expect(r, strstr(record_str(r, "first_denial.site"), "+0x") != NULL);
		expect(r, record_int(r, "first_denial.tid") == r->pid);
		expect(r, record_int(r, "first_denial.at_ns") > 0);
		run_free(r);
	}
}

static void zero_budget_refuses_every_byte_or_the_start(void **state)
{
	struct run *r = guarded(SET("MEM=0"), ARGV("allocate_once", "1"));

	(void)state;
	expect(r, !strstr(r->out, "granted"));
	expect(r, WEXITSTATUS(r->status) == EXIT_REFUSED_TO_START || WEXITSTATUS(r->status) == 1);
	run_free(r);
}

static void blocks_are_granted_to_the_last_that_fits(void **state)
{
	static const char *const sizes[] = {"24", "1000", "4096", "65536", "200000", "1048576"};

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct run *r = guarded(SET("MEM=8M"), ARGV("allocate_until_refused", sizes[i], "3"));
		int64_t bytes = out_number(r, "bytes0"), block = bytes / out_number(r, "blocks0");
		int64_t peak = record_int(r, "mem_peak_bytes");

		print_message("# blocks of %s\n", sizes[i]);
		expect_exit(r, 0);
		expect_out(r, "errno=12");
		expect(r, bytes <= 8 * MIB);
		expect(r, peak <= 8 * MIB);
		expect(r, peak >= bytes);
		expect(r, peak > 8 * MIB - block);
		expect(r, peak - bytes < BASELINE);
		/* libc stops mapping blocks of their own once one was freed, so their sizes may change. */
		expect(r, out_number(r, "blocks1") == out_number(r, "blocks0"));
		expect(r, out_number(r, "blocks2") == out_number(r, "blocks0"));
		expect(r, i >= 4 || out_number(r, "bytes2") == bytes);
		expect(r, record_int(r, "denied.mem") == 3);
		run_free(r);
	}
}

static void threads_together_get_the_whole_budget_and_never_more(void **state)
{
	static const char *const sizes[] = {"100", "4096", "100000"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded(SET("MEM=64M"), ARGV("allocate_in_threads", "8", sizes[i]));
		int64_t size = i == 0 ? 104 : i == 1 ? 4104 : 100008 + 4096;

		print_message("# blocks of %s\n", sizes[i]);
		expect_exit(r, 0);
		expect(r, out_number(r, "total") <= 64 * MIB);
		expect(r, out_number(r, "total") >= 64 * MIB - 8 * size - BASELINE);
		expect(r, record_int(r, "mem_peak_bytes") <= 64 * MIB);
		expect(r, record_int(r, "denied.mem") == 9);
		/* What dead threads held comes back. */
		expect(r, out_number(r, "alone") >= 64 * MIB - 8 * size - BASELINE);
		run_free(r);
	}
}

static void one_thread_may_use_what_others_reserved(void **state)
{
	/* Nine MiB for eight threads: leases must shrink and be taken back. */
	struct run *r = guarded(SET("MEM=9M"), ARGV("allocate_in_threads", "8", "1000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "total") <= 9 * MIB);
	expect(r, out_number(r, "total") >= 9 * MIB - 8 * 1008 - BASELINE);
	run_free(r);
}

static void blocks_freed_by_another_thread_return_to_the_budget(void **state)
{
	struct run *r = guarded(SET("MEM=1M"), ARGV("free_across_threads", "200000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "refused") == 0);
	/* The second thread leaves libc's own blocks behind: its table of thread variables. */
	expect(r, out_number(r, "before") - out_number(r, "after") < 8 * KIB);
	expect(r, out_number(r, "before") - out_number(r, "after") >= 0);
	run_free(r);
}

static void forked_processes_share_the_tree_budget_exactly(void **state)
{
	struct run *r = guarded(SET("MEM=16M"), ARGV("allocate_in_children", "4", "5000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "total") <= 16 * MIB);
	expect(r, out_number(r, "total") >= 16 * MIB - 4 * 5008 - BASELINE);
	run_free(r);
}

static void each_process_has_the_whole_budget_under_scope_process(void **state)
{
	struct run *r = guarded(SET("MEM=16M", "SCOPE=process"), ARGV("allocate_in_children", "4", "5000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "least") >= 16 * MIB - 5008 - BASELINE);
	expect(r, out_number(r, "total") <= 4 * 16 * MIB);
	run_free(r);
}

static void a_killed_child_gives_its_bytes_back(void **state)
{
	struct run *r = guarded(SET("MEM=16M"), ARGV("kill_holding_child"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "child") + out_number(r, "meanwhile") <= 16 * MIB);
	expect(r, out_number(r, "meanwhile") < 10008 + BASELINE);
	expect(r, out_number(r, "parent") >= out_number(r, "child"));
	run_free(r);
}

static void freeing_inherited_blocks_gives_the_tree_nothing(void **state)
{
	struct run *r = guarded(SET("MEM=16M"), ARGV("free_inherited", "8388608"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "held") + out_number(r, "more") <= 16 * MIB);
	expect(r, out_number(r, "held") + out_number(r, "more") >= 16 * MIB - 10008 - BASELINE);
	expect(r, out_number(r, "held") + out_number(r, "later") <= 16 * MIB);
	expect(r, out_number(r, "held") + out_number(r, "later") >= 16 * MIB - 10008 - BASELINE);
	run_free(r);
}

static void a_child_is_charged_for_its_growth_only(void **state)
{
	struct run *r = guarded(SET("MEM=16M"), ARGV("inherit_blocks", "8388608"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "held") + out_number(r, "child") <= 16 * MIB);
	expect(r, out_number(r, "held") + out_number(r, "child") >= 16 * MIB - 10008 - BASELINE);
	run_free(r);
}

/* What realloc may need is charged while it runs: others must not be refused because of that. */
static void a_block_that_is_resized_within_its_size_keeps_no_one_from_theirs(void **state)
{
	static const char *const resizers[] = {"1", "4"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("MEM=4M"), ARGV("resize_at_budget", resizers[i], "100000"));

		print_message("# %s\n", resizers[i]);
		expect_exit(r, 0);
		expect_out(r, "refused blocks=0 resizes=0\n");
		run_free(r);
	}
}

static void a_refused_realloc_keeps_block_and_contents(void **state)
{
	struct run *r = guarded(SET("MEM=2M"), ARGV("keep_block_on_refusal"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "grown=0 errno=12\n");
	expect_out(r, "overflow=0 errno=12\ncalloc=0 errno=12\nnull=1\nzero=1\n");
	run_free(r);
}

static void a_realloc_that_frees_or_fails_leaves_the_budget_whole(void **state)
{
	static const struct {
		const char *way, *out;
		int refused;
	} cases[] = {
		{"free", "freed=100\n", 0},
		{"fail", "failed=100\nlost=0\n", 2},
		{"huge", "refused=3\n", 3},
		{"wait", "failed=100\nmet=20\n", 20},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		/* The kernel's limit is lower. */
		struct run *r = guarded(SET(cases[i].refused ? "MEM=512M" : "MEM=8M"),
					ARGV("resize_oddly", cases[i].way));

		print_message("# %s\n", cases[i].way);
		expect_exit(r, 0);
		expect(r, !strcmp(r->out, cases[i].out));
		if (cases[i].refused)
			expect(r, record_int(r, "denied.mem") == cases[i].refused);
		/* Nobody waits for what has failed; each refusal would, for a second. */
		expect(r, r->elapsed_ns < 10 * SEC);
		run_free(r);
	}
}

static void overflows_that_libc_refuses_are_no_denials(void **state)
{
	struct run *r = guarded(SET("MEM=128M"), ARGV("keep_block_on_refusal"));

	(void)state;
	expect_out(r, "overflow=0 errno=12\ncalloc=0 errno=12\n");
	run_free(r);
}

static void every_way_to_free_gives_back(void **state)
{
	static const char *const ways[] = {"free", "cfree", "free_sized", "free_aligned_sized"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = guarded(SET("MEM=4M"), ARGV("free_by_name", ways[i]));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		run_free(r);
	}
}

static void cplusplus_new_throws_bad_alloc_and_recovers(void **state)
{
	/* libstdc++ keeps an emergency pool of about 73 kB. */
	struct run *r = guarded(SET("MEM=16M"), ARGV("new_until_refused", "16"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "blocks0") >= 14);
	expect(r, out_number(r, "blocks0") <= 15);
	expect(r, out_number(r, "blocks1") == out_number(r, "blocks0"));
	expect_out(r, "nothrow=0\nthread\n");
	run_free(r);
}

static void the_peak_of_one_thread_is_exact(void **state)
{
	struct run *small = guarded(SET("MEM=64M"), ARGV("reach_known_peak", "50000"));
	struct run *large = guarded(SET("MEM=64M"), ARGV("reach_known_peak", "500000"));

	(void)state;
	expect_exit(small, 0);
	expect_exit(large, 0);
	expect(large, record_int(large, "mem_peak_bytes") - record_int(small, "mem_peak_bytes") ==
			      out_number(large, "peak") - out_number(small, "peak"));
	expect(large, record_int(large, "mem_end_bytes") - record_int(small, "mem_end_bytes") ==
			      out_number(large, "end") - out_number(small, "end"));
	run_free(small);
	run_free(large);
}

static void blocks_of_constructors_before_ours_are_counted(void **state)
{
	struct run *r = guarded(SET("MEM=4M"), ARGV("start_with_early_library"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "early=1");
	expect(r, out_number(r, "left") <= 3 * MIB);
	expect(r, out_number(r, "left") >= 3 * MIB - 10008 - BASELINE);
	expect(r, out_number(r, "later") - out_number(r, "left") >= MIB - 10008);
	run_free(r);
}

static void a_limit_below_what_start_up_took_stops_before_main(void **state)
{
	struct run *r = guarded(SET("MEM=200K"), ARGV("start_with_early_library"));

	(void)state;
	expect_no_start(r, "RESLIMIT_MEM");
	run_free(r);
}

static void jumping_out_of_refusals_leaves_the_budget_whole(void **state)
{
	struct run *r = guarded(SET("MEM=1M"), ARGV("jump_out_of_refusals"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "after") == out_number(r, "before"));
	run_free(r);
}

static void key_destructors_that_allocate_leave_the_budget_whole(void **state)
{
	struct run *r = guarded(SET("MEM=4M"), ARGV("run_destructors", "500"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "after") == out_number(r, "before"));
	run_free(r);
}

/* So does Python of Debian; the address leads to ours all the same. */
static void a_program_that_gives_malloc_an_address_of_its_own_is_covered(void **state)
{
	struct run *r = guarded(SET("MEM=1M"), ARGV("take_address"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "got=1\n");
	expect(r, !strcmp(record_str(r, "coverage.heap"), "full"));
	expect(r, record_int(r, "mem_peak_bytes") >= 100000);
	run_free(r);
}

static void without_a_limit_nothing_is_refused_and_the_peak_is_known(void **state)
{
	struct run *r = guarded(SET("NAME=free"), ARGV("allocate_once", "50000000"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "mem_peak_bytes") >= 50000000);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_function_is_refused_with_enomem_over_budget),
		cmocka_unit_test(every_function_is_granted_within_budget_and_keeps_errno),
		cmocka_unit_test(the_refused_call_and_its_size_are_in_the_record),
		cmocka_unit_test(zero_budget_refuses_every_byte_or_the_start),
		cmocka_unit_test(blocks_are_granted_to_the_last_that_fits),
		cmocka_unit_test(threads_together_get_the_whole_budget_and_never_more),
		cmocka_unit_test(one_thread_may_use_what_others_reserved),
		cmocka_unit_test(blocks_freed_by_another_thread_return_to_the_budget),
		cmocka_unit_test(forked_processes_share_the_tree_budget_exactly),
		cmocka_unit_test(each_process_has_the_whole_budget_under_scope_process),
		cmocka_unit_test(a_killed_child_gives_its_bytes_back),
		cmocka_unit_test(freeing_inherited_blocks_gives_the_tree_nothing),
		cmocka_unit_test(a_child_is_charged_for_its_growth_only),
		cmocka_unit_test(a_block_that_is_resized_within_its_size_keeps_no_one_from_theirs),
		cmocka_unit_test(a_refused_realloc_keeps_block_and_contents),
		cmocka_unit_test(a_realloc_that_frees_or_fails_leaves_the_budget_whole),
		cmocka_unit_test(overflows_that_libc_refuses_are_no_denials),
		cmocka_unit_test(every_way_to_free_gives_back),
		cmocka_unit_test(cplusplus_new_throws_bad_alloc_and_recovers),
		cmocka_unit_test(the_peak_of_one_thread_is_exact),
		cmocka_unit_test(blocks_of_constructors_before_ours_are_counted),
		cmocka_unit_test(a_limit_below_what_start_up_took_stops_before_main),
		cmocka_unit_test(jumping_out_of_refusals_leaves_the_budget_whole),
		cmocka_unit_test(key_destructors_that_allocate_leave_the_budget_whole),
		cmocka_unit_test(a_program_that_gives_malloc_an_address_of_its_own_is_covered),
		cmocka_unit_test(without_a_limit_nothing_is_refused_and_the_peak_is_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
