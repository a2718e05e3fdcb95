/*
 * test_glob.c - shell patterns: what they match, what is none, how long they take.
 *
 * SPDX-License-Identifier: MIT
 */
#include <fnmatch.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/glob.h"

static void patterns_match_whole_names(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} cases[] = {
		{"", "", true},
		{"", "a", false},
		{"test_*", "test_heap", true},
		{"test_*", "test_", true},
		{"test_*", "mytest_heap", false},
		{"test_?", "test_", false},
		{"*_test", "heap_test", true},
		{"*_test", "heap_tests", false},
		{"*a*b*c", "xaxxbxbxc", true},
		{"*a*b*c", "xaxxcxb", false},
		{"[a-c]x", "bx", true},
		{"[!a-c]x", "bx", false},
		{"[^a-c]x", "dx", true},
		{"[]x]y", "]y", true},
		{"[a-]y", "-y", true},
		{"\\*", "*", true},
		{"\\*", "x", false},
		{"*/tests/*", "/home/me/tests/deep/one", true},
		{"*\303\251*", "caf\303\251", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		if (glob_matches(cases[i].pattern, cases[i].text) != cases[i].matches)
			fail_msg("'%s' against '%s' is not %d", cases[i].pattern, cases[i].text,
				 cases[i].matches);
	}
}

static void what_is_not_closed_is_not_a_pattern(void **state)
{
	(void)state;
	assert_true(glob_is_valid("test_*"));
	assert_true(glob_is_valid("[]x]"));
	assert_true(glob_is_valid("a\\["));
	assert_false(glob_is_valid("[abc"));
	assert_false(glob_is_valid("[]"));
	assert_false(glob_is_valid("a["));
	assert_false(glob_is_valid("a\\"));
}

static void random_patterns_mean_what_libc_says(void **state)
{
	static const char letters[] = "ab*?[]!-\\";
	unsigned seed = 1;

	(void)state;
	for (int i = 0; i < 300000; i++) {
		char pattern[8] = "", text[8] = "";

		for (int k = rand_r(&seed) % 7; k > 0; k--)
			pattern[k - 1] = letters[(unsigned)rand_r(&seed) % (sizeof(letters) - 1)];
		for (int k = rand_r(&seed) % 7; k > 0; k--)
			text[k - 1] = letters[(unsigned)rand_r(&seed) % 2];
		/* In a set libc's `\` escapes, ours is a member; an empty range differs by locale. */
		if (!glob_is_valid(pattern) || (strchr(pattern, '[') && strpbrk(pattern, "\\-")))
			continue;
		if (glob_matches(pattern, text) != !fnmatch(pattern, text, 0))
			fail_msg("'%s' against '%s'", pattern, text);
	}
}

/* Each star that gives way on its own would take 2^30 steps here. */
static void many_stars_do_not_take_for_ever(void **state)
{
	char text[101];

	(void)state;
	memset(text, 'a', 100);
	text[100] = '\0';
	assert_false(glob_matches("*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*a*b", text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match_whole_names),
		cmocka_unit_test(what_is_not_closed_is_not_a_pattern),
		cmocka_unit_test(random_patterns_mean_what_libc_says),
		cmocka_unit_test(many_stars_do_not_take_for_ever),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
