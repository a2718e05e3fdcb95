/*
 * test_clone_flags.c - the process budget, whatever flags a child is cloned with.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>

/* What decides how a child comes to its place. */
static const int flags[] = {CLONE_VM, CLONE_VFORK, CLONE_PARENT, CLONE_SETTLS};
enum { SETS = 1 << (sizeof(flags) / sizeof(*flags)) };

static int set_of_flags(int bits)
{
	int all = 0;

	for (int i = 0; 1 << i < SETS; i++)
		all |= bits & 1 << i ? flags[i] : 0;
	return all;
}

/* One process that makes two children is all that three allow. */
static void expect_two(const char *how, int all, const char *hold)
{
	char text[16];
	struct run *r;

	snprintf(text, sizeof(text), "0x%x", (unsigned int)all);
	r = guarded(SET("PROCS=3"), ARGV("clone_by_flags", how, text, hold));
	print_message("# %s %s %s\n", how, text, hold ? hold : "");
	expect_exit(r, 0);
	expect_out(r, "made=2 errno=11\n");
	expect(r, record_int(r, "procs_peak") == 3);
	expect(r, record_int(r, "procs_total") == 4);
	expect(r, json_array_size(record_find(r, "escapes")) == 0);
	run_free(r);
}

static void expect_two_by_any_flags(const char *how)
{
	for (int bits = 0; bits < SETS; bits++) {
		int all = set_of_flags(bits);

		/* A stack that both run on, at once. */
		if (!strstr(how, "stack") && strcmp(how, "clone") && all & CLONE_VM && !(all & CLONE_VFORK))
			continue;
		expect_two(how, all, NULL);
		expect_two(how, all, "hold");
	}
}

static void clone_counts_exactly_by_any_flags(void **state)
{
	(void)state;
	expect_two_by_any_flags("clone");
}

static void clone_by_number_counts_exactly_by_any_flags(void **state)
{
	(void)state;
	expect_two_by_any_flags("number");
	expect_two_by_any_flags("clone3");
}

static void clone_by_number_with_a_stack_counts_exactly_by_any_flags(void **state)
{
	(void)state;
	expect_two_by_any_flags("number-stack");
	expect_two_by_any_flags("clone3-stack");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(clone_counts_exactly_by_any_flags),
		cmocka_unit_test(clone_by_number_counts_exactly_by_any_flags),
		cmocka_unit_test(clone_by_number_with_a_stack_counts_exactly_by_any_flags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
