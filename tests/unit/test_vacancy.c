/*
 * test_vacancy.c - the place and the cell that a thread leaves to the next: in every state the sums are
 * exact.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/vacancy.h"

static struct slot *own_slot(void)
{
	return &ledger->slot[self_slot];
}

/* A thread that is counted and has a cell, in which there is credit. */
static struct cell *begin_second_thread(void)
{
	struct sweep sweep = {0};
	struct cell *cell;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	assert_true(slots_reserve_thread(ledger, self_slot, &sweep));
	cell = cells_attach_locked(ledger, self_slot);
	ledger_unlock(ledger, &mask);
	assert_non_null(cell);
	assert_int_equal(charge(self_slot, cell, KIB), 0);
	refund(self_slot, cell, KIB);
	return cell;
}

static void give_places_back(void)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	vacancy_give_back_places(ledger);
	ledger_unlock(ledger, &mask);
}

static void settle(void)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	vacancy_settle(ledger, self_slot);
	ledger_unlock(ledger, &mask);
}

static void expect_threads(int64_t counted, int64_t there)
{
	assert_int_equal(ledger->account[0].threads, counted);
	assert_int_equal(vacancy_counted_threads(own_slot()), counted);
	assert_int_equal(vacancy_threads_of(own_slot()), there);
	assert_int_equal(vacancy_threads_in(ledger, 0), there);
	expect_sums_are_exact();
}

static void what_a_thread_leaves_is_the_next_ones(void **state)
{
	struct cell *cell, *other;

	(void)state;
	begin(MIB, 9);
	assert_null(vacancy_take(ledger, self_slot));
	cell = begin_second_thread();
	other = begin_second_thread();
	expect_threads(2, 2);
	assert_true(vacancy_leave(ledger, self_slot, cell));
	expect_threads(2, 1);
	/* One is kept. */
	assert_false(vacancy_leave(ledger, self_slot, other));
	settle();
	expect_threads(2, 1);
	assert_ptr_equal(vacancy_take(ledger, self_slot), cell);
	expect_threads(2, 2);
	assert_null(vacancy_take(ledger, self_slot));
	assert_int_equal(ledger->account[0].threads_peak, 2);
}

static void a_place_that_others_were_given_is_nobodys_to_take(void **state)
{
	struct cell *cell;

	(void)state;
	begin(MIB, 9);
	cell = begin_second_thread();
	assert_true(vacancy_leave(ledger, self_slot, cell));
	give_places_back();
	expect_threads(0, 0);
	give_places_back();
	expect_threads(0, 0);
	assert_null(vacancy_take(ledger, self_slot));
	assert_false(vacancy_leave(ledger, self_slot, cell));
	assert_int_equal(atomic_load(&cell->slot), self_slot + 1);
	settle();
	expect_threads(0, 0);
	assert_int_equal(own_slot()->threads, 0);
	assert_int_equal(atomic_load(&cell->slot), 0);
	assert_int_equal(ledger->account[0].leased, 0);
}

static void the_next_reservation_settles_and_no_peak_counts_the_ended(void **state)
{
	(void)state;
	begin(MIB, 9);
	ledger->account[0].limit[RL_THREADS] = 1;
	for (int i = 0; i < 5; i++) {
		assert_true(vacancy_leave(ledger, self_slot, begin_second_thread()));
		expect_threads(1, 0);
	}
	assert_int_equal(own_slot()->threads, 1);
	assert_int_equal(ledger->account[0].threads_peak, 1);
}

static void credit_in_a_cell_that_is_left_serves_others(void **state)
{
	(void)state;
	for (int given_back = 0; given_back < 2; given_back++) {
		begin(MIB, 9);
		assert_true(vacancy_leave(ledger, self_slot, begin_second_thread()));
		assert_true(ledger->account[0].leased > 0);
		if (given_back)
			give_places_back();
		assert_int_equal(cells_charge_direct(ledger, self_slot, MIB), 0);
		assert_int_equal(ledger->account[0].leased, MIB);
		expect_sums_are_exact();
		end(NULL);
	}
}

static void nothing_is_left_with_the_process(void **state)
{
	(void)state;
	for (int given_back = 0; given_back < 2; given_back++) {
		struct cell *cell;
		uint64_t mask;

		begin(MIB, 9);
		cell = begin_second_thread();
		assert_true(vacancy_leave(ledger, self_slot, cell));
		if (given_back)
			give_places_back();
		ledger_lock(ledger, &mask);
		slots_return_leases(ledger, self_slot);
		ledger_unlock(ledger, &mask);
		expect_threads(0, 0);
		assert_int_equal(ledger->account[0].leased, 0);
		assert_int_equal(atomic_load(&cell->slot), 0);
		end(NULL);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(what_a_thread_leaves_is_the_next_ones, end),
		cmocka_unit_test_teardown(a_place_that_others_were_given_is_nobodys_to_take, end),
		cmocka_unit_test_teardown(the_next_reservation_settles_and_no_peak_counts_the_ended, end),
		cmocka_unit_test_teardown(credit_in_a_cell_that_is_left_serves_others, end),
		cmocka_unit_test_teardown(nothing_is_left_with_the_process, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
