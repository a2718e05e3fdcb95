/*
 * test_stamper.c - a stamp before each line, whatever the lines are made of.
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

#include "tools/stamper.h"

#define STAMP "[    1.234567] "

static char stamped[1 << 20];
static size_t stamped_len;

static void begin(struct stamper *s)
{
	*s = (struct stamper){.in_line = false};
	stamped_len = 0;
}

static void stamp(struct stamper *s, int64_t elapsed_ns, const char *bytes, size_t len)
{
	stamped_len += stamper_apply(s, elapsed_ns, bytes, len, stamped + stamped_len);
}

static void expect_bytes(const char *expected, size_t len)
{
	assert_int_equal(stamped_len, len);
	assert_memory_equal(stamped, expected, len);
}

static void each_line_begins_with_the_time(void **state)
{
	static const char EXPECTED[] = STAMP "one\n" STAMP "\n" STAMP "two\n";
	struct stamper s;

	(void)state;
	begin(&s);
	stamp(&s, 1234567890, "one\n\ntwo\n", 9);
	expect_bytes(EXPECTED, sizeof(EXPECTED) - 1);
}

static void a_line_in_pieces_has_the_time_of_its_first_byte(void **state)
{
	static const char EXPECTED[] = STAMP "one\n[    3.000000] two";
	struct stamper s;

	(void)state;
	begin(&s);
	stamp(&s, 1234567890, "o", 1);
	stamp(&s, 2000000000, "ne\n", 3);
	stamp(&s, 3000000000, "t", 1);
	stamp(&s, 4000000000, "wo", 2);
	expect_bytes(EXPECTED, sizeof(EXPECTED) - 1);
}

static void nul_bytes_and_carriage_returns_are_like_any_other(void **state)
{
	static const char EXPECTED[] = STAMP "a\0b\r\n" STAMP "\0\377\n";
	struct stamper s;

	(void)state;
	begin(&s);
	stamp(&s, 1234567890, "a\0b\r\n\0\377\n", 8);
	expect_bytes(EXPECTED, sizeof(EXPECTED) - 1);
}

static void a_long_line_has_one_stamp(void **state)
{
	enum { LEN = 500000 };
	struct stamper s;
	char *line = malloc(LEN);

	(void)state;
	assert_non_null(line);
	memset(line, 'x', LEN);
	begin(&s);
	for (int at = 0; at < LEN; at += 1000)
		stamp(&s, at, line + at, 1000);
	assert_int_equal(stamped_len, LEN + sizeof(STAMP) - 1);
	assert_memory_equal(stamped, "[    0.000000] ", sizeof(STAMP) - 1);
	assert_memory_equal(stamped + sizeof(STAMP) - 1, line, LEN);
	free(line);
}

static void the_longest_time_fits(void **state)
{
	char newlines[64], out[sizeof(newlines) * (STAMP_MAX + 1)];
	struct stamper s = {.in_line = false};

	(void)state;
	memset(newlines, '\n', sizeof(newlines));
	assert_true(stamper_apply(&s, INT64_MAX, newlines, sizeof(newlines), out) <= sizeof(out));
	assert_memory_equal(out, "[9223372036.854775] \n[9223372036.854775] \n", 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_line_begins_with_the_time),
		cmocka_unit_test(a_line_in_pieces_has_the_time_of_its_first_byte),
		cmocka_unit_test(nul_bytes_and_carriage_returns_are_like_any_other),
		cmocka_unit_test(a_long_line_has_one_stamp),
		cmocka_unit_test(the_longest_time_fits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
