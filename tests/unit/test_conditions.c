/*
 * test_conditions.c - lists of conditions: names, comparisons, values, spaces.
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

#include "core/attrs.h"
#include "core/conditions.h"

static struct conditions parse(const char *text)
{
	struct conditions conditions;
	char reason[256] = "";
	struct fmt why = FMT_INIT(reason);

	if (conditions_parse(&conditions, text, strlen(text), &why))
		fail_msg("'%s' was refused: %s", text, reason);
	return conditions;
}

static void expect_condition(const struct conditions *list, uint32_t index, const char *text,
			     enum comparison comparison, int64_t value)
{
	assert_true(index < list->count);
	assert_string_equal(list->condition[index].text, text);
	assert_int_equal(list->condition[index].comparison, comparison);
	assert_int_equal(list->condition[index].value, value);
}

static void each_condition_of_a_list_is_read(void **state)
{
	struct conditions list = parse("VmSwap<=10M;fds<=64;voluntary_ctxt_switches<=10000");

	(void)state;
	assert_int_equal(list.count, 3);
	expect_condition(&list, 0, "VmSwap<=10M", RL_AT_MOST, 10 << 20);
	expect_condition(&list, 1, "fds<=64", RL_AT_MOST, 64);
	expect_condition(&list, 2, "voluntary_ctxt_switches<=10000", RL_AT_MOST, 10000);
	assert_true(condition_is_about(&list.condition[0], "VmSwap", 6));
	assert_false(condition_is_about(&list.condition[0], "VmSwa", 5));
	assert_false(condition_is_about(&list.condition[0], "VmSwap<", 7));
}

static void every_comparison_is_known_and_spaces_do_not_matter(void **state)
{
	static const struct {
		const char *text, *kept;
		enum comparison comparison;
		bool below, same, above; /* whether 9, 10 and 11 are as it says */
	} rows[] = {
		{"a<=10", "a<=10", RL_AT_MOST, true, true, false},
		{"a>=10", "a>=10", RL_AT_LEAST, false, true, true},
		{"a<10", "a<10", RL_BELOW, true, false, false},
		{" a > 10 ", "a>10", RL_ABOVE, false, false, true},
		{"a  ==10", "a==10", RL_EQUAL, false, true, false},
		{"a!=  10", "a!=10", RL_UNEQUAL, true, false, true},
	};

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(rows); i++) {
		struct conditions list = parse(rows[i].text);

		expect_condition(&list, 0, rows[i].kept, rows[i].comparison, 10);
		assert_int_equal(condition_holds(&list.condition[0], 9), rows[i].below);
		assert_int_equal(condition_holds(&list.condition[0], 10), rows[i].same);
		assert_int_equal(condition_holds(&list.condition[0], 11), rows[i].above);
	}
}

static void what_is_no_list_is_refused_with_a_reason(void **state)
{
	static const char *const wrong[] = {
		"",    ";",    "a",    "a<",	"<1",	 "a<1;",  "a<1;;b<1", "a<-1",  "a<1x",	"a<1.5",
		"a=1", "a=<1", "a<>1", "a b<1", "a:b<1", "a<1 2", "a<<1",     "a<1\n", "\33<1", "a<1;b<2;"};
	static const char name[] = "a_name_that_is_longer_than_any_field_that_the_kernel_has_ever_had<1";
	struct conditions conditions;

	(void)state;
	for (size_t i = 0; i < RL_ARRAY_LEN(wrong); i++) {
		char reason[256] = "";
		struct fmt why = FMT_INIT(reason);

		if (conditions_parse(&conditions, wrong[i], strlen(wrong[i]), &why) != -EINVAL)
			fail_msg("'%s' was accepted", wrong[i]);
		assert_true(strlen(reason) > 10);
		assert_null(strchr(reason, '\n'));
		assert_null(strchr(reason, '\33'));
	}
	for (size_t len = strlen(name); len > 2; len -= 3) {
		char reason[256] = "";
		struct fmt why = FMT_INIT(reason);

		/* Whatever is accepted fits its place with its end. */
		if (!conditions_parse(&conditions, name + strlen(name) - len, len, &why))
			assert_true(len < sizeof(conditions.condition[0].text));
		else
			assert_true(len >= sizeof(conditions.condition[0].text));
	}
}

static void eight_conditions_are_accepted_and_nine_are_not(void **state)
{
	struct conditions conditions;
	char reason[256] = "";
	struct fmt why = FMT_INIT(reason);

	(void)state;
	assert_int_equal(parse("a<1;b<1;c<1;d<1;e<1;f<1;g<1;h<1").count, RL_CONDITIONS_MAX);
	assert_int_equal(conditions_parse(&conditions, "a<1;b<1;c<1;d<1;e<1;f<1;g<1;h<1;i<1", 35, &why),
			 -EINVAL);
	assert_string_equal(reason, "more than 8 conditions; give fewer");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_condition_of_a_list_is_read),
		cmocka_unit_test(every_comparison_is_known_and_spaces_do_not_matter),
		cmocka_unit_test(what_is_no_list_is_refused_with_a_reason),
		cmocka_unit_test(eight_conditions_are_accepted_and_nine_are_not),
	};

	return cmocka_run_group_tests_name("conditions", tests, NULL, NULL);
}
