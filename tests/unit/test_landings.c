/*
 * test_landings.c - what a realloc in flight may give back: who waits for it, and for how long.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

/* Another thread's realloc, which has charged the most that the block could become. */
struct flight {
	struct cell *cell;
	pthread_barrier_t begun;
	bool was_announced;
};

static void *resize_a_block(void *arg)
{
	struct flight *flight = arg;
	int64_t began_ns;

	cell_take_off(flight->cell, 700 * KIB);
	assert_int_equal(charge(self_slot, flight->cell, 700 * KIB), 0);
	pthread_barrier_wait(&flight->begun);
	while (!atomic_load(&ledger->landings))
		sched_yield();
	/* Who waits says until when, so that no other begins; a second is the most that it waits. */
	began_ns = raw_clock_ns(CLOCK_MONOTONIC);
	while (!atomic_load(&ledger->landing_until_ns) && raw_clock_ns(CLOCK_MONOTONIC) - began_ns < 500 * MS)
		sched_yield();
	flight->was_announced = atomic_load(&ledger->landing_until_ns) != 0 ||
				raw_clock_ns(CLOCK_MONOTONIC) - began_ns < 500 * MS;
	if (!cell_return_unused(flight->cell, 600 * KIB))
		cells_settle_refund(ledger, self_slot, flight->cell);
	cell_land(flight->cell, 700 * KIB);
	return NULL;
}

static void what_a_resize_may_give_back_is_waited_for(void **state)
{
	struct flight flight;
	struct cell *cell;
	pthread_t thread;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	flight.cell = cells_attach(ledger, self_slot);
	cell = cells_attach(ledger, self_slot);
	pthread_barrier_init(&flight.begun, NULL, 2);
	pthread_create(&thread, NULL, resize_a_block, &flight);
	pthread_barrier_wait(&flight.begun);
	assert_int_equal(charge(self_slot, cell, 900 * KIB), 0);
	pthread_join(thread, NULL);
	assert_int_equal(cells_charged(ledger, self_slot), 1000 * KIB);
	assert_true(flight.was_announced);
	assert_int_equal(ledger->landing_until_ns, 0);
	expect_sums_are_exact();
}

static void nobody_waits_for_a_resize_that_could_not_give_back_enough_or_for_ever(void **state)
{
	struct cell *mine = begin_thread(MIB), *theirs = cells_attach(ledger, self_slot);

	(void)state;
	cell_take_off(theirs, 100 * KIB);
	assert_int_equal(charge(self_slot, theirs, 700 * KIB), 0);
	assert_int_equal(charge(self_slot, mine, 425 * KIB), -ENOMEM);
	/* Who has such a charge itself goes another way at once: two could wait for each other. */
	cell_take_off(mine, 1);
	assert_int_equal(charge(self_slot, mine, 400 * KIB), -ENOMEM);
	cell_land(mine, 1);
	assert_int_equal(ledger->landings, 0);
	assert_int_equal(charge(self_slot, mine, 400 * KIB), -ENOMEM);
	assert_int_not_equal(ledger->landings, 0);
	assert_int_equal(charge(self_slot, mine, 324 * KIB), 0);
}

/* Its process was killed in a realloc. Neither while its cell is nobody's nor when it is another thread's. */
static void nobody_waits_for_a_resize_of_the_dead(void **state)
{
	struct cell *mine = begin_thread(MIB), *theirs = cells_attach(ledger, self_slot);
	uint64_t mask;

	(void)state;
	cell_take_off(theirs, 700 * KIB);
	ledger_lock(ledger, &mask);
	cells_retire_locked(ledger, self_slot, theirs);
	ledger_unlock(ledger, &mask);
	assert_int_equal(charge(self_slot, mine, MIB + 1), -ENOMEM);
	assert_ptr_equal(cells_attach(ledger, self_slot), theirs);
	assert_int_equal(charge(self_slot, mine, MIB + 1), -ENOMEM);
	assert_int_equal(ledger->landings, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(what_a_resize_may_give_back_is_waited_for),
		LEDGER_TEST(nobody_waits_for_a_resize_that_could_not_give_back_enough_or_for_ever),
		LEDGER_TEST(nobody_waits_for_a_resize_of_the_dead),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
