/*
 * test_sharing.c - one byte budget among threads and processes: all of it, and never more.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_together_get_the_whole_budget_and_never_more),
		cmocka_unit_test(one_thread_may_use_what_others_reserved),
		cmocka_unit_test(blocks_freed_by_another_thread_return_to_the_budget),
		cmocka_unit_test(forked_processes_share_the_tree_budget_exactly),
		cmocka_unit_test(each_process_has_the_whole_budget_under_scope_process),
		cmocka_unit_test(a_killed_child_gives_its_bytes_back),
		cmocka_unit_test(freeing_inherited_blocks_gives_the_tree_nothing),
		cmocka_unit_test(a_child_is_charged_for_its_growth_only),
		cmocka_unit_test(a_block_that_is_resized_within_its_size_keeps_no_one_from_theirs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
