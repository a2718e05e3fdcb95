/*
 * test_peaks.c - a peak in the record counts who is there at once, not who is dead and has not said so.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <stdio.h>

enum { HELD = 4000000 };

static struct run *lose(const char *how, int width, int threads, const char *program)
{
	char widths[12], count[12];
	struct run *r;

	snprintf(widths, sizeof(widths), "%d", width);
	snprintf(count, sizeof(count), "%d", threads);
	r = guarded(SET("MEM=1G", "PROCS=1000", "THREADS=1000"),
		    ARGV("lose_children", how, "4", widths, "4000000", count, program));
	expect_exit(r, 0);
	expect(r, out_number(r, "wrong") == 0);
	expect(r, record_int(r, "procs_total") == 4 * width + 1);
	return r;
}

static void children_that_were_killed_count_no_more(void **state)
{
	(void)state;
	for (int width = 1; width <= 3; width++) {
		struct run *r = lose("killed", width, 5, NULL);

		expect(r, record_int(r, "procs_peak") == width);
		expect(r, record_int(r, "threads_peak") == 5 * width);
		expect(r, record_int(r, "mem_peak_bytes") >= (int64_t)width * HELD);
		expect(r, record_int(r, "mem_peak_bytes") < (int64_t)width * HELD + MIB);
		run_free(r);
	}
}

static void programs_that_do_not_load_us_count_no_more(void **state)
{
	(void)state;
	for (int width = 1; width <= 3; width++) {
		struct run *r = lose("executed", width, 0, subject_path("wait_unguarded"));

		expect(r, record_int(r, "procs_peak") == width);
		run_free(r);
	}
}

/* More of them than a quick look takes in at once. */
static void of_a_crowd_too(void **state)
{
	struct run *r = lose("killed", 40, 0, NULL);

	(void)state;
	expect(r, record_int(r, "procs_peak") == 40);
	run_free(r);
}

/* Nor what a thread that has ended had drawn and not used. */
static void of_one_thread_that_is_left_the_peak_is_exact(void **state)
{
	static const char *const bytes[] = {"0", "1000", "100000"};
	int64_t peak = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded(SET("MEM=1G"), ARGV("free_in_thread", bytes[i]));

		expect_exit(r, 0);
		peak = i ? peak : record_int(r, "mem_peak_bytes");
		expect(r, record_int(r, "mem_peak_bytes") == peak);
		run_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_that_were_killed_count_no_more),
		cmocka_unit_test(programs_that_do_not_load_us_count_no_more),
		cmocka_unit_test(of_a_crowd_too),
		cmocka_unit_test(of_one_thread_that_is_left_the_peak_is_exact),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
