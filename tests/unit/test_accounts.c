/*
 * test_accounts.c - budgets below budgets: who began one, who is counted where, and when it is over.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

/* A budget below that of this process, begun by it. */
static uint32_t open_below(uint32_t parent, const struct config *config)
{
	uint32_t index;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	index = accounts_open(ledger, parent, self_slot, config, ACCOUNT_WHOLE);
	ledger_unlock(ledger, &mask);
	assert_int_not_equal(index, LEDGER_NONE);
	return index;
}

static bool is_open(uint32_t index)
{
	return atomic_load(&ledger->account[index].in_use);
}

static void close_unused(uint32_t index)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	accounts_close_unused(ledger, index);
	ledger_unlock(ledger, &mask);
}

static void budget_is_that_of_the_process_that_began_it(void **state)
{
	struct config config = limits(MIB, 3);
	uint32_t inner;

	(void)state;
	begin_as(&config);
	config.hash++;
	inner = open_below(0, &config);
	assert_int_equal(ledger->account[inner].root_pid, getpid());
	assert_true(accounts_is_begun_by(ledger, inner, self_slot, config.hash));
	assert_false(accounts_is_begun_by(ledger, inner, self_slot + 1, config.hash));
	assert_false(accounts_is_begun_by(ledger, inner, self_slot, config.hash + 1));
	/* A runner begins none: what it starts shall. */
	config.root = "no-such-program";
	config.hash++;
	inner = open_below(0, &config);
	assert_int_equal(ledger->account[inner].part, ACCOUNT_RUNNER);
	assert_false(accounts_is_begun_by(ledger, inner, self_slot, config.hash));
}

/* A budget of the first process, one below it and one below that. */
static void begin_nested(uint32_t *outer, uint32_t *inner)
{
	struct config config = limits(MIB, 3);

	begin_as(&config);
	*outer = open_below(0, &config);
	*inner = open_below(*outer, &config);
}

static void unused_budgets_are_forgotten_all_the_way_up(void **state)
{
	uint32_t outer, inner;

	(void)state;
	begin_nested(&outer, &inner);
	close_unused(inner);
	assert_false(is_open(inner));
	assert_false(is_open(outer));
	assert_true(is_open(0));
}

static void budget_with_a_member_or_a_supervisor_stays(void **state)
{
	uint32_t outer, inner;

	(void)state;
	begin_nested(&outer, &inner);
	/* It still has to write the record. */
	atomic_store(&ledger->account[outer].supervisor, getpid());
	close_unused(inner);
	assert_false(is_open(inner));
	assert_true(is_open(outer));
	atomic_store(&ledger->account[outer].supervisor, 0);
	ledger->slot[self_slot].account = outer;
	close_unused(outer);
	assert_true(is_open(outer));
	ledger->slot[self_slot].account = 0;
	close_unused(outer);
	assert_false(is_open(outer));
}

static void process_that_moves_is_counted_once_in_each_budget_it_is_in(void **state)
{
	struct config config = limits(MIB, 3);
	const struct account *a;
	uint32_t below, beside;
	uint64_t mask;

	(void)state;
	begin_as(&config);
	a = ledger->account;
	below = open_below(0, &config);
	beside = open_below(0, &config);
	ledger_lock(ledger, &mask);
	accounts_move_proc(ledger, 0, below);
	ledger_unlock(ledger, &mask);
	assert_int_equal(a[0].procs, 1);
	assert_int_equal(a[0].procs_total, 1);
	assert_int_equal(a[below].procs, 1);
	assert_int_equal(a[below].procs_total, 1);
	ledger_lock(ledger, &mask);
	accounts_move_proc(ledger, below, beside);
	ledger_unlock(ledger, &mask);
	assert_int_equal(a[0].procs, 1);
	assert_int_equal(a[below].procs, 0);
	assert_int_equal(a[below].procs_total, 0);
	assert_int_equal(a[beside].procs, 1);
	assert_int_equal(a[beside].procs_total, 1);
}

/* Two makers at once: the peak may be too high by the one that was refused beside it, and is never too low.
 */
static void peak_is_without_who_was_counted_and_never_came_to_be(void **state)
{
	struct account *a;
	uint64_t mask;

	(void)state;
	begin(MIB, 9);
	a = ledger->account;
	ledger_lock(ledger, &mask);
	accounts_add_threads(ledger, 0, 3); /* of others */
	accounts_add_threads(ledger, 0, 1);
	accounts_withdraw_thread(ledger, 0);
	assert_int_equal(a->threads_peak, 3);
	accounts_add_threads(ledger, 0, -1);
	accounts_add_threads(ledger, 0, 1); /* raises nothing */
	accounts_withdraw_thread(ledger, 0);
	assert_int_equal(a->threads_peak, 3);
	accounts_add_threads(ledger, 0, 1);
	accounts_add_threads(ledger, 0, 1); /* refused, and another counted meanwhile that raises */
	accounts_withdraw_thread(ledger, 0);
	assert_int_equal(a->threads, 3);
	assert_int_equal(a->threads_peak, 3);
	accounts_withdraw_thread(ledger, 0); /* two are taken back, one had raised */
	assert_int_equal(a->threads_peak, 3);
	accounts_add_threads(ledger, 0, -2);
	accounts_add_procs(ledger, 0, 1);
	assert_int_equal(a->procs_peak, 1);
	accounts_forget_proc(ledger, 0);
	accounts_add_procs(ledger, 0, -1);
	assert_int_equal(a->procs_peak, 0);
	assert_int_equal(a->procs_total, 1);
	ledger_unlock(ledger, &mask);
	expect_sums_are_exact();
}

static uint32_t open_supervised(uint32_t parent, const struct config *config, pid_t supervisor)
{
	uint32_t index = open_below(parent, config);

	if (index != LEDGER_NONE)
		atomic_store(&ledger->account[index].supervisor, supervisor);
	return index;
}

static uint32_t count_open(void)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < LEDGER_ACCOUNTS; i++)
		count += is_open(i);
	return count;
}

/* As many as there are; each of the killed ones left its budget in use. */
static void budgets_of_killed_supervisors_are_free_for_the_next(void **state)
{
	struct config config = limits(MIB, 3);
	uint32_t living, below, next;
	pid_t dead = dead_pid();

	(void)state;
	begin_as(&config);
	living = open_supervised(0, &config, getppid());
	below = open_supervised(0, &config, dead);
	ledger->slot[self_slot].account = below;
	while (count_open() < LEDGER_ACCOUNTS)
		open_supervised(0, &config, dead);
	/* Nobody is in the one that is above it, yet. */
	next = open_below(open_below(below, &config), &config);
	assert_int_equal(count_open(), 5);
	assert_true(is_open(living) && is_open(below) && is_open(next));
	assert_int_equal(ledger->account[ledger->account[next].parent].parent, below);
}

static void budgets_of_the_living_are_not_free_when_there_is_no_other(void **state)
{
	struct config config = limits(MIB, 3);
	uint64_t mask;

	(void)state;
	begin_as(&config);
	while (count_open() < LEDGER_ACCOUNTS)
		open_supervised(0, &config, getppid());
	ledger_lock(ledger, &mask);
	assert_int_equal(accounts_open(ledger, 0, self_slot, &config, ACCOUNT_WHOLE), LEDGER_NONE);
	ledger_unlock(ledger, &mask);
	assert_int_equal(count_open(), LEDGER_ACCOUNTS);
}

/* Killed after it opened a budget, and before it had a place there. */
static void budget_that_its_first_process_did_not_live_to_enter_is_closed(void **state)
{
	struct config config = limits(MIB, 3);
	uint64_t mask;
	pid_t pid;

	(void)state;
	begin_as(&config);
	pid = fork();
	if (pid == 0) {
		ledger_lock(ledger, &mask);
		accounts_open(ledger, 0, self_slot, &config, ACCOUNT_WHOLE);
		kill(getpid(), SIGKILL);
	}
	reap(pid);
	assert_int_equal(count_open(), 2);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	assert_int_equal(ledger->repairs, 1);
	assert_int_equal(count_open(), 1);
	assert_true(is_open(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(budget_is_that_of_the_process_that_began_it),
		LEDGER_TEST(unused_budgets_are_forgotten_all_the_way_up),
		LEDGER_TEST(budget_with_a_member_or_a_supervisor_stays),
		LEDGER_TEST(process_that_moves_is_counted_once_in_each_budget_it_is_in),
		LEDGER_TEST(peak_is_without_who_was_counted_and_never_came_to_be),
		LEDGER_TEST(budgets_of_killed_supervisors_are_free_for_the_next),
		LEDGER_TEST(budgets_of_the_living_are_not_free_when_there_is_no_other),
		LEDGER_TEST(budget_that_its_first_process_did_not_live_to_enter_is_closed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
