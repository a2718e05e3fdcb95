/*
 * test_heap.c - the byte budget: what is refused, what is granted, to the byte.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <string.h>
#include <sys/wait.h>

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
