/*
 * test_usage.c - what people who look on are shown of a budget.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "tools/usage.h"

#define SECOND INT64_C(1000000000)

static struct usage look(int64_t now_ns)
{
	struct usage usage;

	usage_read(ledger, 0, now_ns, &usage);
	return usage;
}

static void wall_time_is_shown_as_its_limit_counts_it(void **state)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	struct account *a;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	a = ledger->account;
	a->limit[RL_WALL] = 10 * SECOND;
	accounts_start_clock(a, now_ns - 12 * SECOND);
	assert_int_equal(look(now_ns).wall_ns.used, 12 * SECOND);
	a->stopped_ns = 5 * SECOND;
	assert_int_equal(look(now_ns).wall_ns.used, 7 * SECOND);
	assert_int_equal(look(now_ns).wall_ns.limit, 10 * SECOND);
}

static void processor_time_is_that_of_members_not_of_their_namesakes(void **state)
{
	int64_t alone_ns, until_ns, used_ns;
	struct slot *s;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	until_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID) + SECOND / 10;
	while ((alone_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID)) < until_ns)
		;
	s = make_namesake();
	used_ns = look(0).cpu_ns.used;
	assert_true(used_ns >= alone_ns);
	/* Ours alone, though a machine that stalls may have made that longer meanwhile. */
	assert_true(used_ns <= raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID));
	/* Until it is known by which number it goes here. */
	atomic_store(&s->outer_pid, getpid());
	assert_true(look(0).cpu_ns.used >= 2 * alone_ns);
}

static void the_program_is_told_of_who_is_there_and_known_by_a_number_here(void **state)
{
	char own[PATH_MAX];
	ssize_t len = readlink("/proc/self/exe", own, sizeof(own) - 1);

	(void)state;
	assert_true(len > 0);
	own[len] = '\0';
	begin(MIB, RL_UNLIMITED);
	assert_string_equal(look(0).exe, own);
	/* In a namespace of its own it has the number that is ours here. */
	ledger->slot[self_slot].pid_namespace = 4711;
	assert_string_equal(look(0).exe, "");
	ledger->slot[self_slot].pid_namespace = 0;
	ledger->account[0].root = LEDGER_NONE;
	assert_string_equal(look(0).exe, "");
}

static void the_cause_is_the_limit_that_acts_else_the_one_that_refused(void **state)
{
	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(look(0).state, USAGE_RUNS);
	assert_null(look(0).cause);
	ledger->account[0].last_denied = RL_MEM + 1;
	assert_int_equal(look(0).state, USAGE_REFUSED);
	assert_string_equal(look(0).cause, "mem");
	atomic_store(&ledger->account[0].breach, RL_WALL + 1);
	assert_int_equal(look(0).state, USAGE_STEPS);
	assert_string_equal(look(0).cause, "wall");
	atomic_store(&ledger->account[0].killing, 1);
	assert_int_equal(look(0).state, USAGE_KILLING);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(wall_time_is_shown_as_its_limit_counts_it),
		LEDGER_TEST(processor_time_is_that_of_members_not_of_their_namesakes),
		LEDGER_TEST(the_program_is_told_of_who_is_there_and_known_by_a_number_here),
		LEDGER_TEST(the_cause_is_the_limit_that_acts_else_the_one_that_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
