/*
 * test_kept.c - a block that is freed right away serves the next request, and nobody can tell but by the
 * time.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>

static void who_frees_what_it_got_last_need_not_ask_libc(void **state)
{
	/* What libc serves a request from holds 24 + 16n bytes; 120 is the most that is kept. */
	static const char *const kept[] = {"0", "1", "24", "25", "40", "64", "104", "105", "120"};
	static const char *const not_kept[] = {"121", "200", "1000", "30000"};

	(void)state;
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++) {
		struct run *r = guarded(SET("MEM=64M"), ARGV("free_at_once", "ask", kept[i]));

		print_message("# %s bytes\n", kept[i]);
		expect_exit(r, 0);
		expect_out(r, "libc_gives_it=0\ngiven_again=1\nlarge_enough=1\nlibc_gives_it_then=1\n");
		run_free(r);
	}
	for (size_t i = 0; i < sizeof(not_kept) / sizeof(*not_kept); i++) {
		struct run *r = guarded(SET("MEM=64M"), ARGV("free_at_once", "ask", not_kept[i]));

		print_message("# %s bytes\n", not_kept[i]);
		expect_exit(r, 0);
		expect_out(r, "libc_gives_it=1\ngiven_again=0\nlarge_enough=1\n");
		run_free(r);
	}
}

static void nothing_is_kept_where_libc_is_told_to_keep_nothing(void **state)
{
	static const char *const set[] = {"RESLIMIT_MEM=64M", "GLIBC_TUNABLES=glibc.malloc.tcache_count=0",
					  NULL};
	struct run *r = run_guarded(
		&(struct spec){.argv = ARGV("free_at_once", "ask", "40"), .set = set, .verbatim = true});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "libc_gives_it=1\n");
	run_free(r);
}

static void a_kept_block_is_refused_where_the_budget_is_used_up(void **state)
{
	struct run *r = guarded(SET("MEM=2M"), ARGV("free_at_once", "full"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "full=0 errno=12\nroom=1\n");
	expect(r, !strcmp(record_str(r, "first_denial.call"), "malloc"));
	expect(r, record_int(r, "mem_peak_bytes") <= 2 * MIB);
	run_free(r);
}

static void a_thread_that_ends_leaves_its_block_to_libc(void **state)
{
	struct run *r = guarded(SET("MEM=64M"), ARGV("free_at_once", "threads", "500"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "left") < 50 * 100);
	run_free(r);
}

static void what_libc_says_of_a_double_free_it_still_says(void **state)
{
	static const char *const orders[] = {
		"aa", "aba", "baa", "abcabc", "bb", "abb", "+a", "abcdefghijklmm", "a-a", "~aa"};
	static const char *const sizes[] = {"24", "100", "120", "1000"};

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(*orders); i++)
		for (size_t k = 0; k < sizeof(sizes) / sizeof(*sizes); k++) {
			const char *const *argv = ARGV("free_again", sizes[k], orders[i]);
			struct run *r = guarded(SET("MEM=64M"), argv), *without = bare(argv);

			print_message("# %s of %s bytes: %s", orders[i], sizes[k], without->err);
			assert_true(WIFSIGNALED(without->status) && WTERMSIG(without->status) == SIGABRT);
			expect(r, r->status == without->status);
			expect(r, !strcmp(r->err, without->err));
			expect(r, !strcmp(r->out, without->out));
			run_free(without);
			run_free(r);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_frees_what_it_got_last_need_not_ask_libc),
		cmocka_unit_test(nothing_is_kept_where_libc_is_told_to_keep_nothing),
		cmocka_unit_test(a_kept_block_is_refused_where_the_budget_is_used_up),
		cmocka_unit_test(a_thread_that_ends_leaves_its_block_to_libc),
		cmocka_unit_test(what_libc_says_of_a_double_free_it_still_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
