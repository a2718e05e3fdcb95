/*
 * test_gauges.c - the words of the gauges, and what fits into which width.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tools/gauges.h"

static struct usage usage;
static char text[GAUGES_WIDTH_MAX + 1];

static const char *line(int width)
{
	size_t len = gauges_line(&usage, width, text);

	assert_int_equal(len, strlen(text) * (len > 0));
	return len ? text : "";
}

static int fill(void **state)
{
	(void)state;
	usage = (struct usage){.bytes = {16 << 20, 0, 64 << 20},
			       .wall_ns = {1500000000, -1, 10000000000},
			       .cpu_ns = {250000000, -1, RL_UNLIMITED},
			       .procs = {2, 2, 4},
			       .threads = {0, 0, RL_UNLIMITED}};
	return 0;
}

static void a_wide_line_has_bars_of_what_is_limited(void **state)
{
	(void)state;
	assert_string_equal(
		line(200),
		"mem 16M/64M [#####...............]  wall 1.5s/10s [###.................]  cpu 0.2s  "
		"procs 2/4 [##########..........]  threads 0");
	usage.state = USAGE_REFUSED;
	usage.cause = "mem";
	assert_non_null(strstr(line(200), "threads 0  refused mem"));
}

static void a_line_is_never_wider_than_asked_for(void **state)
{
	size_t before = 0;

	(void)state;
	for (int width = 0; width <= GAUGES_WIDTH_MAX + 10; width++) {
		size_t len = strlen(line(width));

		if (len > (size_t)width)
			fail_msg("%zu characters for %d columns", len, width);
		assert_true(len >= before || strstr(text, "[") || strstr(text, "threads"));
		before = len;
	}
	assert_string_equal(line(15), "mem 16M/64M");
	assert_string_equal(line(10), "");
	assert_string_equal(line(60), "mem 16M/64M  wall 1.5s/10s  cpu 0.2s  procs 2/4  threads 0");
}

static void more_than_the_limit_does_not_break_a_bar(void **state)
{
	(void)state;
	usage.bytes.used = 100 << 20;
	assert_non_null(strstr(line(200), "mem 100M/64M [####################]"));
	usage.procs = (struct usage_gauge){0, 0, 0};
	assert_non_null(strstr(line(200), "procs 0/0 [....................]"));
}

static void sizes_and_times_are_short(void **state)
{
	static const struct {
		int64_t value;
		const char *size, *time;
	} CASES[] = {{0, "0", "0s"},
		     {1023, "1023", "0s"},
		     {1024, "1K", "0s"},
		     {1536, "1.5K", "0s"},
		     {1048575, "1.0M", "0s"},
		     {INT64_C(99900000000), "93.0G", "1:39"},
		     {INT64_C(59999999999), "55.9G", "59.9s"},
		     {INT64_C(3600000000000), "3.3T", "1:00:00"},
		     {INT64_MAX, "8E", "2562047:47:16"}};
	char shown[USAGE_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
		assert_string_equal(usage_size_text(CASES[i].value, shown), CASES[i].size);
		assert_string_equal(usage_time_text(CASES[i].value, shown), CASES[i].time);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(a_wide_line_has_bars_of_what_is_limited, fill),
		cmocka_unit_test_setup(a_line_is_never_wider_than_asked_for, fill),
		cmocka_unit_test_setup(more_than_the_limit_does_not_break_a_bar, fill),
		cmocka_unit_test(sizes_and_times_are_short),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
