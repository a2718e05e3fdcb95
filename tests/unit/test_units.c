/*
 * test_units.c - sizes, times and counts: what is read, what is refused, where it overflows.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "contract/limits.h"
#include "core/attrs.h"
#include "core/units.h"

enum { UNTOUCHED = -77 };

typedef int reader(const char *text, size_t len, int64_t *value);

static void reads_as(reader *read, const char *text, int64_t expected)
{
	int64_t value = UNTOUCHED;

	if (read(text, strlen(text), &value))
		fail_msg("'%s' was refused", text);
	if (value != expected)
		fail_msg("'%s' was read as %lld", text, (long long)value);
}

static void fails_with(reader *read, const char *text, int expected)
{
	int64_t value = UNTOUCHED;
	int error = read(text, strlen(text), &value);

	if (error != expected)
		fail_msg("'%s' gave %d", text, error);
	if (value != UNTOUCHED)
		fail_msg("'%s' was refused, but changed the value", text);
}

static void sizes_are_bytes_or_powers_of_1024(void **state)
{
	(void)state;
	reads_as(units_size, "0", 0);
	reads_as(units_size, "0K", 0);
	reads_as(units_size, "007", 7);
	reads_as(units_size, "1", 1);
	reads_as(units_size, "1B", 1);
	reads_as(units_size, "1K", 1024);
	reads_as(units_size, "3KiB", 3072);
	reads_as(units_size, "256M", 268435456);
	reads_as(units_size, "1MiB", 1048576);
	reads_as(units_size, "1G", 1073741824);
	reads_as(units_size, "1GiB", 1073741824);
	reads_as(units_size, "1T", 1099511627776);
	reads_as(units_size, "1TiB", 1099511627776);
}

static void sizes_in_kb_mb_gb_tb_are_powers_of_1000(void **state)
{
	(void)state;
	reads_as(units_size, "1KB", 1000);
	reads_as(units_size, "2MB", 2000000);
	reads_as(units_size, "1GB", 1000000000);
	reads_as(units_size, "1TB", 1000000000000);
}

static void texts_that_are_no_size_are_refused(void **state)
{
	static const char *const bad[] = {"",	   " ",	  "M",	 "12Q",	    "-1",  "+1",  "1.5",
					  "1.5M",  "1 M", " 1",	 "1 ",	    "1M ", "1MM", "0x10",
					  "1e6",   "1k",  "64m", "1Ki",	    "1kB", "1mb", "1P",
					  "1,000", "1_0", "1\n", "\xd9\xa1"};

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(bad); i++)
		fails_with(units_size, bad[i], -EINVAL);
}

static void a_size_is_read_up_to_the_largest_limit_and_no_further(void **state)
{
	(void)state;
	reads_as(units_size, "2305843009213693951", RL_LIMIT_MAX);
	fails_with(units_size, "2305843009213693952", -ERANGE);
	reads_as(units_size, "2097151T", 2097151LL << 40);
	fails_with(units_size, "2097152T", -ERANGE);
	fails_with(units_size, "99999999999T", -ERANGE);
	fails_with(units_size, "9223372036854775807", -ERANGE);
	fails_with(units_size, "9223372036854775808", -ERANGE);
	fails_with(units_size, "18446744073709551617", -ERANGE);
	fails_with(units_size, "340282366920938463463374607431768211457K", -ERANGE);
}

static void a_size_with_a_wrong_unit_is_malformed_even_if_too_large(void **state)
{
	(void)state;
	fails_with(units_size, "99999999999999999999Q", -EINVAL);
}

static void times_are_seconds_unless_a_unit_says_otherwise(void **state)
{
	(void)state;
	reads_as(units_time, "0", 0);
	reads_as(units_time, "1", 1000000000);
	reads_as(units_time, "1s", 1000000000);
	reads_as(units_time, "5ns", 5);
	reads_as(units_time, "5us", 5000);
	reads_as(units_time, "5ms", 5000000);
	reads_as(units_time, "2m", 120000000000);
	reads_as(units_time, "1h", 3600000000000);
}

static void times_may_have_a_fraction(void **state)
{
	(void)state;
	reads_as(units_time, "1.5", 1500000000);
	reads_as(units_time, "0.25s", 250000000);
	reads_as(units_time, ".5", 500000000);
	reads_as(units_time, "1.5m", 90000000000);
	reads_as(units_time, "1.5h", 5400000000000);
	reads_as(units_time, "0.000000001", 1);
	reads_as(units_time, "1.999999999s", 1999999999);
	reads_as(units_time, "0.001ms", 1000);
}

static void a_fraction_finer_than_a_nanosecond_is_cut(void **state)
{
	(void)state;
	reads_as(units_time, "0.0000000019", 1);
	reads_as(units_time, "0.5ns", 0);
	reads_as(units_time, "1.99999999999999999999999999999999999999999s", 1999999999);
}

static void texts_that_are_no_time_are_refused(void **state)
{
	static const char *const bad[] = {"",	"abc", ".",  "1.",   "1.s",  "-1",  "+1",  "1.5.5",
					  "5d", "5 s", " 5", "5 ",   "1e3",  "0x1", "inf", "nan",
					  "s",	"ms",  "5S", "5sec", "5min", "1,5", "5M",  "1:30"};

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(bad); i++)
		fails_with(units_time, bad[i], -EINVAL);
}

static void a_time_is_read_up_to_the_largest_limit_and_no_further(void **state)
{
	(void)state;
	reads_as(units_time, "2305843009213693951ns", RL_LIMIT_MAX);
	fails_with(units_time, "2305843009213693952ns", -ERANGE);
	reads_as(units_time, "2305843009.213693951", RL_LIMIT_MAX);
	fails_with(units_time, "2305843009.213693952", -ERANGE);
	fails_with(units_time, "9999999999999h", -ERANGE);
	fails_with(units_time, "99999999999999999999", -ERANGE);
}

static void counts_are_plain_numbers(void **state)
{
	static const char *const bad[] = {"", "x", "-1", "+1", "1K", "1.0", " 1", "1 ", "0x1", "1e2"};

	(void)state;
	reads_as(units_count, "0", 0);
	reads_as(units_count, "42", 42);
	reads_as(units_count, "2305843009213693951", RL_LIMIT_MAX);
	fails_with(units_count, "2305843009213693952", -ERANGE);
	fails_with(units_count, "99999999999999999999", -ERANGE);
	for (size_t i = 0; i < RL_ARRAY_LEN(bad); i++)
		fails_with(units_count, bad[i], -EINVAL);
}

static void no_more_of_a_text_is_read_than_its_length(void **state)
{
	int64_t value;

	(void)state;
	assert_int_equal(units_size("12345M", 2, &value), 0);
	assert_int_equal(value, 12);
	assert_int_equal(units_time("1.5s:", 4, &value), 0);
	assert_int_equal(value, 1500000000);
	assert_int_equal(units_time("15", 1, &value), 0);
	assert_int_equal(value, 1000000000);
	assert_int_equal(units_count("77", 1, &value), 0);
	assert_int_equal(value, 7);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sizes_are_bytes_or_powers_of_1024),
		cmocka_unit_test(sizes_in_kb_mb_gb_tb_are_powers_of_1000),
		cmocka_unit_test(texts_that_are_no_size_are_refused),
		cmocka_unit_test(a_size_is_read_up_to_the_largest_limit_and_no_further),
		cmocka_unit_test(a_size_with_a_wrong_unit_is_malformed_even_if_too_large),
		cmocka_unit_test(times_are_seconds_unless_a_unit_says_otherwise),
		cmocka_unit_test(times_may_have_a_fraction),
		cmocka_unit_test(a_fraction_finer_than_a_nanosecond_is_cut),
		cmocka_unit_test(texts_that_are_no_time_are_refused),
		cmocka_unit_test(a_time_is_read_up_to_the_largest_limit_and_no_further),
		cmocka_unit_test(counts_are_plain_numbers),
		cmocka_unit_test(no_more_of_a_text_is_read_than_its_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
