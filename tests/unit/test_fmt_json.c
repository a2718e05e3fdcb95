/*
 * test_fmt_json.c - objects of JSON: commas, brackets, and what a full buffer does to them.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/fmt_json.h"

static void members_have_commas_between_them_and_nowhere_else(void **state)
{
	char text[200];
	struct fmt f = FMT_INIT(text);

	(void)state;
	fmt_char(&f, '{');
	fmt_json_number(&f, "one", -1);
	fmt_json_bool(&f, "two", true);
	fmt_json_bool(&f, "three", false);
	fmt_json_text(&f, "four", "a\"bcd", 3);
	fmt_json_key(&f, "five");
	fmt_str(&f, "null");
	fmt_char(&f, '}');
	assert_string_equal(text,
			    "{\"one\":-1,\"two\":true,\"three\":false,\"four\":\"a\\\"b\",\"five\":null}");
}

static void objects_and_arrays_begin_anew(void **state)
{
	char text[200];
	struct fmt f = FMT_INIT(text);

	(void)state;
	fmt_char(&f, '{');
	fmt_json_open(&f, "object", '{');
	fmt_json_number(&f, "in", 1);
	fmt_char(&f, '}');
	fmt_json_open(&f, "empty", '[');
	fmt_char(&f, ']');
	fmt_json_open(&f, "array", '[');
	for (int i = 0; i < 2; i++) {
		fmt_json_element(&f);
		fmt_json_number(&f, "i", i);
		fmt_char(&f, '}');
	}
	fmt_str(&f, "]}");
	assert_string_equal(text, "{\"object\":{\"in\":1},\"empty\":[],\"array\":[{\"i\":0},{\"i\":1}]}");
}

/* The pieces of a record that are put together later. */
static void what_begins_without_an_object_has_no_comma_before_it(void **state)
{
	char text[40];
	struct fmt f = FMT_INIT(text);

	(void)state;
	fmt_json_number(&f, "a", 1);
	fmt_json_number(&f, "b", 2);
	assert_string_equal(text, "\"a\":1,\"b\":2");
}

static void what_does_not_fit_is_noted(void **state)
{
	char text[8];
	struct fmt f = FMT_INIT(text);

	(void)state;
	fmt_char(&f, '{');
	fmt_json_number(&f, "long", 12345);
	assert_true(f.truncated);
	assert_string_equal(text, "{\"long\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_have_commas_between_them_and_nowhere_else),
		cmocka_unit_test(objects_and_arrays_begin_anew),
		cmocka_unit_test(what_begins_without_an_object_has_no_comma_before_it),
		cmocka_unit_test(what_does_not_fit_is_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
