/*
 * test_fmt.c - bounded text: nothing is written behind the buffer, JSON is valid.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/fmt.h"

/* Formats `s` as JSON and compares. */
static void expect_json(const char *s, const char *json)
{
	char buf[256];
	struct fmt f = FMT_INIT(buf);

	fmt_json_str(&f, s, SIZE_MAX);
	assert_string_equal(buf, json);
	assert_int_equal(f.len, strlen(json));
	assert_false(f.truncated);
}

static void expect_int(int64_t value, const char *text)
{
	char buf[32];
	struct fmt f = FMT_INIT(buf);

	fmt_int(&f, value);
	assert_string_equal(buf, text);
}

static void expect_hex(uint64_t value, const char *text)
{
	char buf[32];
	struct fmt f = FMT_INIT(buf);

	fmt_hex(&f, value);
	assert_string_equal(buf, text);
}

static void numbers_are_written_in_full_at_both_ends_of_their_range(void **state)
{
	(void)state;
	expect_int(0, "0");
	expect_int(7, "7");
	expect_int(10, "10");
	expect_int(-1, "-1");
	expect_int(INT64_MAX, "9223372036854775807");
	expect_int(INT64_MIN, "-9223372036854775808");
}

static void hexadecimal_numbers_have_no_leading_zeros(void **state)
{
	(void)state;
	expect_hex(0, "0x0");
	expect_hex(0xf, "0xf");
	expect_hex(0x10, "0x10");
	expect_hex(0xdeadbeef, "0xdeadbeef");
	expect_hex(UINT64_MAX, "0xffffffffffffffff");
}

static void bytes_become_two_digits_each(void **state)
{
	char buf[16];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_bytes_hex(&f, (const unsigned char *)"\x00\x0f\xf0\xff", 4);
	assert_string_equal(buf, "000ff0ff");
}

static void text_that_fits_exactly_is_not_truncated(void **state)
{
	char buf[5];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_str(&f, "abcd");
	assert_string_equal(buf, "abcd");
	assert_false(f.truncated);
}

static void text_that_does_not_fit_is_cut_and_noted_and_ends_in_nul(void **state)
{
	char buf[8] = "xxxxxxx";
	struct fmt f = {.buf = buf, .size = 5};

	(void)state;
	fmt_str(&f, "abcde");
	assert_string_equal(buf, "abcd");
	assert_int_equal(f.len, 4);
	assert_true(f.truncated);
	assert_memory_equal(buf + 5, "xx", 2);
}

static void a_buffer_without_room_is_left_alone(void **state)
{
	char byte = 'x';
	struct fmt none = {.buf = &byte, .size = 0};

	(void)state;
	fmt_str(&none, "a");
	fmt_int(&none, -5);
	fmt_json_str(&none, "a", 1);
	assert_true(none.truncated);
	assert_int_equal(none.len, 0);
	assert_int_equal(byte, 'x');
}

static void a_buffer_of_one_byte_gets_its_nul(void **state)
{
	char byte = 'x';
	struct fmt one = {.buf = &byte, .size = 1};

	(void)state;
	fmt_char(&one, 'a');
	assert_int_equal(byte, '\0');
	assert_true(one.truncated);
}

static void a_part_of_a_string_stops_at_its_nul(void **state)
{
	char buf[16];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_strn(&f, "abc", 2);
	fmt_strn(&f, "d", 9);
	assert_string_equal(buf, "abd");
}

static void plain_text_is_quoted_as_json(void **state)
{
	(void)state;
	expect_json("", "\"\"");
	expect_json("a b/c", "\"a b/c\"");
}

static void json_escapes_quotes_backslashes_and_control_characters(void **state)
{
	(void)state;
	expect_json("\"\\", "\"\\\"\\\\\"");
	expect_json("\n\t", "\"\\n\\t\"");
	expect_json("\x01\x1f\x7f\r\b", "\"\\u0001\\u001f\\u007f\\u000d\\u0008\"");
}

static void valid_utf8_passes_through_json(void **state)
{
	(void)state;
	expect_json("\xc2\x80", "\"\xc2\x80\"");
	expect_json("\xdf\xbf", "\"\xdf\xbf\"");
	expect_json("\xe0\xa0\x80", "\"\xe0\xa0\x80\"");
	expect_json("\xed\x9f\xbf", "\"\xed\x9f\xbf\"");
	expect_json("\xee\x80\x80", "\"\xee\x80\x80\"");
	expect_json("\xef\xbf\xbf", "\"\xef\xbf\xbf\"");
	expect_json("\xf0\x90\x80\x80", "\"\xf0\x90\x80\x80\"");
	expect_json("\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\"");
}

#define BAD "\xef\xbf\xbd"

static void bytes_that_are_no_utf8_are_replaced_in_json(void **state)
{
	(void)state;
	expect_json("\x80", "\"" BAD "\"");
	expect_json("\xff\xfe", "\"" BAD BAD "\"");
	expect_json("\xfc\x80\x80\x80\x80\x80", "\"" BAD BAD BAD BAD BAD BAD "\"");
	expect_json("a\xe9z", "\"a" BAD "z\"");
}

static void overlong_utf8_is_replaced_in_json(void **state)
{
	(void)state;
	expect_json("\xc0\x80", "\"" BAD BAD "\"");
	expect_json("\xc1\xbf", "\"" BAD BAD "\"");
	expect_json("\xe0\x9f\xbf", "\"" BAD BAD BAD "\"");
	expect_json("\xf0\x8f\xbf\xbf", "\"" BAD BAD BAD BAD "\"");
}

static void surrogates_and_code_points_beyond_the_last_are_replaced_in_json(void **state)
{
	(void)state;
	expect_json("\xed\xa0\x80", "\"" BAD BAD BAD "\"");
	expect_json("\xed\xbf\xbf", "\"" BAD BAD BAD "\"");
	expect_json("\xf4\x90\x80\x80", "\"" BAD BAD BAD BAD "\"");
	expect_json("\xf5\x80\x80\x80", "\"" BAD BAD BAD BAD "\"");
}

static void utf8_cut_short_is_replaced_and_what_follows_is_kept(void **state)
{
	(void)state;
	expect_json("\xe2\x82", "\"" BAD BAD "\"");
	expect_json("\xe2\x82\"", "\"" BAD BAD "\\\"\"");
	expect_json("\xf0\x9f\x98", "\"" BAD BAD BAD "\"");
	expect_json("\xc3", "\"" BAD "\"");
}

static void json_reads_no_further_than_its_limit(void **state)
{
	static const char euro[] = "a\xe2\x82\xac";
	char buf[32];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_json_str(&f, euro, 3);
	assert_string_equal(buf, "\"a" BAD BAD "\"");
}

static void json_that_does_not_fit_is_noted(void **state)
{
	char buf[4];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_json_str(&f, "abc", 3);
	assert_true(f.truncated);
	assert_string_equal(buf, "\"ab");
}

static void printable_text_stays_on_one_line(void **state)
{
	char buf[32];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_printable(&f, "a\nb\033\x7f\xc3\xa9", SIZE_MAX);
	assert_string_equal(buf, "a?b??\xc3\xa9");
}

static void printable_text_is_cut_at_its_limit(void **state)
{
	char buf[32];
	struct fmt f = FMT_INIT(buf);

	(void)state;
	fmt_printable(&f, "abcdef", 3);
	assert_string_equal(buf, "abc");
	assert_false(f.truncated);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_written_in_full_at_both_ends_of_their_range),
		cmocka_unit_test(hexadecimal_numbers_have_no_leading_zeros),
		cmocka_unit_test(bytes_become_two_digits_each),
		cmocka_unit_test(text_that_fits_exactly_is_not_truncated),
		cmocka_unit_test(text_that_does_not_fit_is_cut_and_noted_and_ends_in_nul),
		cmocka_unit_test(a_buffer_without_room_is_left_alone),
		cmocka_unit_test(a_buffer_of_one_byte_gets_its_nul),
		cmocka_unit_test(a_part_of_a_string_stops_at_its_nul),
		cmocka_unit_test(plain_text_is_quoted_as_json),
		cmocka_unit_test(json_escapes_quotes_backslashes_and_control_characters),
		cmocka_unit_test(valid_utf8_passes_through_json),
		cmocka_unit_test(bytes_that_are_no_utf8_are_replaced_in_json),
		cmocka_unit_test(overlong_utf8_is_replaced_in_json),
		cmocka_unit_test(surrogates_and_code_points_beyond_the_last_are_replaced_in_json),
		cmocka_unit_test(utf8_cut_short_is_replaced_and_what_follows_is_kept),
		cmocka_unit_test(json_reads_no_further_than_its_limit),
		cmocka_unit_test(json_that_does_not_fit_is_noted),
		cmocka_unit_test(printable_text_stays_on_one_line),
		cmocka_unit_test(printable_text_is_cut_at_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
