/*
 * test_cells.c - the credit of threads: to the last byte, and nobody loses any.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

static void charge_above_limit_is_refused_and_changes_nothing(void **state)
{
	struct cell *cell = begin_thread(MIB);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB + 1), -ENOMEM);
	assert_int_equal(cells_charged(ledger, self_slot), 0);
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	assert_int_equal(cells_charged(ledger, self_slot), MIB);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	refund(self_slot, cell, MIB);
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	expect_sums_are_exact();
}

static void refused_request_leaves_other_credit_in_reach(void **state)
{
	struct cell *a = begin_thread(4 * KIB), *b = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, a, 3 * KIB), 0);
	refund(self_slot, a, 3 * KIB);
	/* As a thread that asks for too much stands before the lock. */
	assert_false(cell_covers(a, 5 * KIB));
	assert_int_equal(charge(self_slot, b, 4 * KIB), 0);
	assert_int_equal(charge(self_slot, a, 5 * KIB), -ENOMEM);
	expect_sums_are_exact();
}

static void idle_credit_of_another_thread_is_taken_to_the_last_byte(void **state)
{
	struct cell *a = begin_thread(MIB), *b = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, a, 600 * KIB), 0);
	refund(self_slot, a, 500 * KIB);
	assert_int_equal(charge(self_slot, b, MIB - 100 * KIB), 0);
	assert_int_equal(charge(self_slot, b, 1), -ENOMEM);
	/* The first finds its credit gone, is refused, and gets it back when it is free again. */
	assert_int_equal(charge(self_slot, a, 1), -ENOMEM);
	refund(self_slot, b, 1);
	assert_int_equal(charge(self_slot, a, 1), 0);
	assert_int_equal(cells_charged(ledger, self_slot), MIB);
	expect_sums_are_exact();
}

static void charge_of_a_frozen_cell_stands_if_it_was_covered(void **state)
{
	struct cell *a = begin_thread(8 * KIB), *b = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, a, 6 * KIB), 0);
	refund(self_slot, a, 6 * KIB);
	/* Subtracted, and frozen before the owner looks. */
	atomic_store(&a->frozen, CELL_FROZEN);
	assert_false(cell_charge(a, 4 * KIB));
	assert_int_equal(charge(self_slot, b, 5 * KIB), -ENOMEM);
	assert_int_equal(charge(self_slot, b, 4 * KIB), 0);
	assert_int_equal(cells_settle_charge(ledger, self_slot, a, 4 * KIB), 0);
	assert_int_equal(cells_charged(ledger, self_slot), 8 * KIB);
	expect_sums_are_exact();
}

static void credit_beyond_the_keep_goes_back_to_the_account(void **state)
{
	struct cell *cell = begin_thread(64 * MIB);

	(void)state;
	assert_int_equal(charge(self_slot, cell, 32 * MIB), 0);
	refund(self_slot, cell, 32 * MIB);
	assert_int_equal(ledger->account[0].leased, CELL_LEASE);
	assert_int_equal(cells_charged(ledger, self_slot), 0);
	expect_sums_are_exact();
}

static void without_membarrier_credit_goes_back_as_well(void **state)
{
	struct cell *cell = begin_fenced_thread(64 * MIB);

	(void)state;
	assert_int_equal(charge(self_slot, cell, 32 * MIB), 0);
	refund(self_slot, cell, 32 * MIB);
	assert_int_equal(ledger->account[0].leased, CELL_LEASE);
}

/* Its thread ends before it has seen that another took its credit. */
static void retired_cell_gives_back_no_credit_that_others_have(void **state)
{
	struct cell *a = begin_thread(MIB), *b = cells_attach(ledger, self_slot);
	uint64_t mask;

	(void)state;
	assert_int_equal(charge(self_slot, a, 600 * KIB), 0);
	refund(self_slot, a, 600 * KIB);
	assert_int_equal(charge(self_slot, b, MIB), 0);
	ledger_lock(ledger, &mask);
	cells_retire_locked(ledger, self_slot, a);
	ledger_unlock(ledger, &mask);
	assert_int_equal(ledger->account[0].leased, MIB);
	assert_int_equal(charge(self_slot, b, 1), -ENOMEM);
	expect_sums_are_exact();
}

static void retired_cell_leaves_its_charges_and_nothing_else(void **state)
{
	struct cell *cell = begin_thread(64 * MIB);
	uint64_t mask;

	(void)state;
	assert_int_equal(charge(self_slot, cell, 12345), 0);
	ledger_lock(ledger, &mask);
	cells_retire_locked(ledger, self_slot, cell);
	ledger_unlock(ledger, &mask);
	assert_int_equal(ledger->account[0].leased, 12345);
	assert_ptr_equal(cells_attach(ledger, self_slot), cell);
	expect_sums_are_exact();
}

static void surplus_of_a_forked_child_is_used_first_and_given_to_nobody(void **state)
{
	(void)state;
	begin(MIB, RL_UNLIMITED);
	/* It frees what its parent allocated. */
	cells_refund_direct(ledger, self_slot, 300 * KIB);
	assert_int_equal(ledger->account[0].leased, 0);
	assert_int_equal(ledger->slot[self_slot].surplus, 300 * KIB);
	assert_int_equal(cells_charge_direct(ledger, self_slot, MIB + 300 * KIB), 0);
	assert_int_equal(ledger->account[0].leased, MIB);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 1), -ENOMEM);
	expect_sums_are_exact();
}

static void what_a_child_freed_of_its_parents_counts_against_its_growth_alone(void **state)
{
	struct cell *a, *b;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	a = cells_attach(ledger, self_slot);
	refund(self_slot, a, 500 * KIB);
	b = cells_attach(ledger, self_slot);
	assert_int_equal(ledger->account[0].leased, 0);
	assert_int_equal(charge(self_slot, b, MIB), 0);
	assert_int_equal(charge(self_slot, b, 500 * KIB), 0);
	assert_int_equal(charge(self_slot, b, 1), -ENOMEM);
	assert_int_equal(ledger->account[0].leased, MIB);
	expect_sums_are_exact();
}

static void credit_that_no_lease_backs_serves_nobody_else(void **state)
{
	struct cell *cell = begin_thread(MIB);
	uint32_t other;
	uint64_t mask;
	bool full;

	(void)state;
	/* A forked child frees what its parent allocated; another process wants more than there is. */
	refund(self_slot, cell, 10 * KIB);
	other = reserve(self_slot, &full);
	ledger_lock(ledger, &mask);
	slots_bind(ledger, other, getppid());
	ledger_unlock(ledger, &mask);
	assert_int_equal(cells_charge_direct(ledger, other, MIB), 0);
	assert_int_equal(cells_charge_direct(ledger, other, 1), -ENOMEM);
	assert_int_equal(ledger->account[0].leased, MIB);
}

static void peak_of_one_thread_is_exact(void **state)
{
	struct cell *cell = begin_thread(64 * MIB);

	(void)state;
	for (int i = 1; i <= 100; i++) {
		assert_int_equal(charge(self_slot, cell, i * 1000), 0);
		refund(self_slot, cell, i * 1000);
	}
	cells_note_peak(ledger, self_slot, cell);
	assert_int_equal(ledger->account[0].mem_peak, 100 * 1000);
}

/* A thread without a cell gives back; the others, who had more meanwhile, say nothing of it. */
static void peak_is_noted_before_anything_goes_back(void **state)
{
	struct cell *cell = begin_thread(64 * MIB);

	(void)state;
	assert_int_equal(cells_charge_direct(ledger, self_slot, 100 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 100 * KIB), 0);
	cells_refund_direct(ledger, self_slot, 100 * KIB);
	cells_note_peak(ledger, self_slot, cell);
	assert_in_range(ledger->account[0].mem_peak, 200 * KIB, 200 * KIB + CELL_LEASE_MIN);
}

static void charge_in_two_cells_and_die(uint32_t slot, void *arg)
{
	(void)arg;
	for (int i = 0; i < 2; i++)
		charge(slot, cells_attach(ledger, slot), 100 * KIB);
	kill(getpid(), SIGKILL);
}

static void peak_of_a_killed_process_is_what_it_charged_in_all_its_threads(void **state)
{
	uint32_t slot;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	reap(spawn(charge_in_two_cells_and_die, NULL, &slot));
	assert_true(ledger->account[0].leased > 210 * KIB);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->account[0].mem_peak, 200 * KIB);
}

static void limit_of_the_outer_account_binds_the_inner(void **state)
{
	struct config config = limits(8 * MIB, RL_UNLIMITED);
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	ledger->slot[self_slot].account = accounts_open(ledger, 0, self_slot, &config, ACCOUNT_WHOLE);
	ledger->account[1].procs = 1;
	ledger_unlock(ledger, &mask);
	assert_int_equal(cells_charge_direct(ledger, self_slot, MIB), 0);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 1), -ENOMEM);
	assert_int_equal(ledger->account[0].leased, MIB);
	assert_int_equal(ledger->account[1].leased, MIB);
	expect_sums_are_exact();
}

static void charge_and_wait(uint32_t slot, void *arg)
{
	struct cell *cell = cells_attach(ledger, slot);

	leases_register_fence(ledger);
	if (charge(slot, cell, 500 * KIB))
		_exit(1);
	refund(slot, cell, 400 * KIB);
	tell_ready(arg);
	pause();
}

static void idle_credit_of_another_process_is_taken_and_comes_back_when_it_dies(void **state)
{
	struct cell *cell = begin_thread(MIB);
	uint32_t slot;
	pid_t pid = spawn_until_ready(charge_and_wait, &slot);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB - 100 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	assert_int_equal(cells_charged(ledger, slot), 100 * KIB);
	expect_sums_are_exact();
	kill(pid, SIGKILL);
	await_death(pid);
	assert_int_equal(charge(self_slot, cell, 100 * KIB), 0);
	assert_int_equal(ledger->slot[slot].state, SLOT_FREE);
	reap(pid);
	expect_sums_are_exact();
}

static void peak_of_who_is_killed_leaves_out_no_credit_that_others_have(void **state)
{
	struct cell *cell = begin_thread(MIB);
	uint32_t slot;
	pid_t pid = spawn_until_ready(charge_and_wait, &slot);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB - 100 * KIB), 0);
	assert_true(ledger->account[0].mem_peak < MIB);
	kill(pid, SIGKILL);
	reap(pid);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->account[0].mem_peak, MIB);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(charge_above_limit_is_refused_and_changes_nothing),
		LEDGER_TEST(refused_request_leaves_other_credit_in_reach),
		LEDGER_TEST(idle_credit_of_another_thread_is_taken_to_the_last_byte),
		LEDGER_TEST(charge_of_a_frozen_cell_stands_if_it_was_covered),
		LEDGER_TEST(credit_beyond_the_keep_goes_back_to_the_account),
		LEDGER_TEST(without_membarrier_credit_goes_back_as_well),
		LEDGER_TEST(retired_cell_gives_back_no_credit_that_others_have),
		LEDGER_TEST(retired_cell_leaves_its_charges_and_nothing_else),
		LEDGER_TEST(surplus_of_a_forked_child_is_used_first_and_given_to_nobody),
		LEDGER_TEST(what_a_child_freed_of_its_parents_counts_against_its_growth_alone),
		LEDGER_TEST(credit_that_no_lease_backs_serves_nobody_else),
		LEDGER_TEST(peak_of_one_thread_is_exact),
		LEDGER_TEST(peak_is_noted_before_anything_goes_back),
		LEDGER_TEST(peak_of_a_killed_process_is_what_it_charged_in_all_its_threads),
		LEDGER_TEST(limit_of_the_outer_account_binds_the_inner),
		LEDGER_TEST(idle_credit_of_another_process_is_taken_and_comes_back_when_it_dies),
		LEDGER_TEST(peak_of_who_is_killed_leaves_out_no_credit_that_others_have),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
