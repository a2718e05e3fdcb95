/*
 * test_leases.c - what is drawn, by whom, and what is looked for before: prepared requests, requests in
 * flight, the dead; and what an account that is opened like another lends.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/grades.h"

/* What is prepared for may never be charged; below MEM it is credit, above it there is none. */
static void spike_begins_with_the_charge_and_not_with_what_prepares_it(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 1000 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);
	struct cell *other = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(cells_prepare(ledger, self_slot, cell, 100 * KIB), 0);
	assert_true(cell_covers(cell, 100 * KIB));
	assert_int_equal(cells_prepare(ledger, self_slot, cell, MIB + 1), 0);
	assert_false(is_above(a));
	/* Only with the other's credit is there room for it. */
	assert_int_equal(charge(self_slot, other, 400 * KIB), 0);
	assert_int_equal(cells_prepare(ledger, self_slot, cell, 2 * MIB - 400 * KIB), 0);
	assert_int_equal(cells_prepare(ledger, self_slot, cell, 2 * MIB - 400 * KIB + 1), -ENOMEM);
	assert_false(is_above(a));
	assert_int_equal(a->spikes, 0);
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	assert_true(is_above(a));
	assert_int_equal(cells_prepare(ledger, self_slot, other, 100), 0);
	assert_int_equal(a->leased, MIB + 400 * KIB);
	refund(self_slot, cell, MIB);
	assert_int_equal(a->spikes, 1);
}

static void lease_is_a_sixteenth_of_what_is_held_and_a_mebibyte_at_most(void **state)
{
	struct cell *cell = begin_thread(256 * MIB);

	(void)state;
	assert_int_equal(charge(self_slot, cell, 1000), 0);
	assert_int_equal(ledger->account[0].leased, 1000 + CELL_LEASE_MIN);
	assert_int_equal(charge(self_slot, cell, 4 * MIB), 0);
	assert_int_equal(charge(self_slot, cell, 4 * MIB), 0);
	assert_in_range(ledger->account[0].leased, 8 * MIB + 200 * KIB, 8 * MIB + 300 * KIB);
	assert_int_equal(charge(self_slot, cell, 64 * MIB), 0);
	assert_int_equal(charge(self_slot, cell, 2 * MIB), 0);
	assert_in_range(ledger->account[0].leased, 74 * MIB + CELL_LEASE, 74 * MIB + CELL_LEASE + 1000);
}

/* Two that each wait for what the other may give back would wait for ever. */
static void who_may_give_some_back_draws_none_while_somebody_waits_for_that(void **state)
{
	struct cell *cell = begin_thread(MIB);

	(void)state;
	cell_take_off(cell, KIB);
	atomic_store(&ledger->landing_until_ns, raw_clock_ns(CLOCK_MONOTONIC) + 3600000 * MS);
	assert_int_equal(charge(self_slot, cell, KIB), -ENOMEM);
	/* Who waited may be dead. */
	atomic_store(&ledger->landing_until_ns, raw_clock_ns(CLOCK_MONOTONIC) - 1);
	assert_int_equal(charge(self_slot, cell, KIB), 0);
	cell_land(cell, KIB);
	atomic_store(&ledger->landing_until_ns, raw_clock_ns(CLOCK_MONOTONIC) + 3600000 * MS);
	assert_int_equal(charge(self_slot, cell, 100 * KIB), 0);
}

static void above_mem_a_request_in_flight_is_served_like_others(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 1000 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);

	(void)state;
	/* But it begins no spike, because it may need less than it asks for. */
	cell_take_off(cell, MIB + 1);
	assert_int_equal(charge(self_slot, cell, MIB + 1), -ENOMEM);
	cell_land(cell, MIB + 1);
	assert_int_equal(a->spikes, 0);
	assert_int_equal(charge(self_slot, cell, MIB + 1), 0);
	cell_take_off(cell, KIB);
	assert_int_equal(charge(self_slot, cell, KIB), 0);
	assert_int_equal(a->leased, MIB + 1 + KIB);
	/* What it did not need is seen to go back. */
	assert_false(cell_return_unused(cell, KIB));
	cells_settle_refund(ledger, self_slot, cell);
	cell_land(cell, KIB);
	assert_int_equal(a->leased, MIB + 1);
}

static void hold_and_leave(uint32_t slot, void *arg)
{
	uint64_t mask;

	cells_charge_direct(ledger, slot, *(int64_t *)arg);
	ledger_lock(ledger, &mask);
	slots_leave(ledger, slot);
	ledger_unlock(ledger, &mask);
}

/* Another process that has so much and then ends; it stays a zombie. */
static pid_t make_dead(void (*body)(uint32_t slot, void *arg), int64_t n)
{
	uint32_t slot;
	pid_t pid = spawn(body, &n, &slot);

	await_death(pid);
	return pid;
}

/* What those that died above MEM held goes back with the next request, also if that would be granted without.
 */
static void the_next_request_sees_that_who_was_above_mem_is_dead(void **state)
{
	struct account *a = begin_spiky(MIB, 4 * MIB, 3600000 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);
	pid_t pid;

	(void)state;
	/* A peak that no request below is near. */
	assert_int_equal(charge(self_slot, cell, 3 * MIB), 0);
	refund(self_slot, cell, 3 * MIB);
	pid = make_dead(hold_and_die, 2 * MIB);
	assert_true(is_above(a));
	atomic_store(&ledger->swept_ns, raw_clock_ns(CLOCK_MONOTONIC) - 1000 * MS);
	assert_int_equal(charge(self_slot, cell, 1), 0);
	assert_false(is_above(a));
	reap(pid);
	/* Of those that said so no other look needs to be long ago. */
	pid = make_dead(hold_and_leave, 2 * MIB);
	assert_true(is_above(a));
	atomic_store(&ledger->swept_ns, raw_clock_ns(CLOCK_MONOTONIC) + 3600000 * MS);
	refund(self_slot, cell, 1);
	assert_true(is_above(a));
	assert_int_equal(charge(self_slot, cell, 100 * KIB), 0);
	assert_false(is_above(a));
	reap(pid);
}

static void peak_knows_that_who_left_before_is_dead(void **state)
{
	struct cell *cell = begin_thread(64 * MIB);
	pid_t pid = make_dead(hold_and_leave, 2 * MIB);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	cells_note_peak(ledger, self_slot, cell);
	assert_int_equal(ledger->account[0].mem_peak, 2 * MIB);
	reap(pid);
}

/* What others took from a thread was used by them, whatever the thread itself had left before. */
static void peak_leaves_out_no_credit_that_others_have_taken(void **state)
{
	struct cell *a = begin_thread(MIB), *b = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, a, 600 * KIB), 0);
	refund(self_slot, a, 500 * KIB);
	assert_int_equal(charge(self_slot, b, MIB - 100 * KIB), 0);
	assert_true(ledger->account[0].mem_peak < MIB);
	cells_note_peak(ledger, self_slot, a);
	assert_int_equal(ledger->account[0].mem_peak, MIB);
}

static void take_all_and_die(uint32_t slot, void *arg)
{
	(void)arg;
	leases_register_fence(ledger);
	cells_charge_direct(ledger, slot, MIB);
	kill(getpid(), SIGKILL);
}

/* Its owner has subtracted, and has no processor; who took the credit meanwhile dies, and leaves what fits.
 */
static void charge_whose_credit_a_dead_process_took_is_granted(void **state)
{
	struct cell *cell = begin_thread(MIB);
	uint32_t slot;
	pid_t pid;

	(void)state;
	assert_int_equal(charge(self_slot, cell, 600 * KIB), 0);
	refund(self_slot, cell, 600 * KIB);
	pid = spawn(take_all_and_die, NULL, &slot);
	await_death(pid);
	assert_int_equal(ledger->slot[slot].leased, MIB);
	assert_false(cell_charge(cell, 500 * KIB));
	assert_int_equal(cells_settle_charge(ledger, self_slot, cell, 500 * KIB), 0);
	assert_int_equal(cells_charged_to_account(ledger, 0), 500 * KIB);
	reap(pid);
}

/* A handler that came between the look at the credit and the subtraction has used it up. */
static void change_of_a_fenced_cell_stands_only_where_there_is_credit(void **state)
{
	struct cell *cell = begin_fenced_thread(8 * KIB);

	(void)state;
	assert_int_equal(charge(self_slot, cell, 6 * KIB), 0);
	refund(self_slot, cell, 6 * KIB);
	assert_true(cell_covers(cell, 6 * KIB));
	assert_int_equal(charge(self_slot, cell, 6 * KIB), 0);
	assert_false(cell_charge(cell, 6 * KIB));
	assert_int_equal(cells_settle_charge(ledger, self_slot, cell, 6 * KIB), -ENOMEM);
	assert_int_equal(cells_charged(ledger, self_slot), 6 * KIB);
	refund(self_slot, cell, 6 * KIB);
	assert_int_equal(charge(self_slot, cell, 8 * KIB), 0);
}

/* A forked child may use again what it freed of its parent's, wherever the account stands. */
static void surplus_may_be_used_when_mem_is_exceeded_for_too_long(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, MS);
	uint32_t other;
	bool full;

	(void)state;
	cells_refund_direct(ledger, self_slot, 10 * KIB);
	other = reserve(self_slot, &full);
	assert_int_equal(cells_charge_direct(ledger, other, MIB + 100), 0);
	atomic_store(&a->above_since_ns, raw_clock_ns(CLOCK_MONOTONIC) - 1000 * MS);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 10 * KIB), 0);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 1), -ENOMEM);
	assert_int_equal(a->leased, MIB + 100);
}

static void longest_spike_stays_the_longest(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 3600000 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB + 1), 0);
	atomic_store(&a->above_since_ns, raw_clock_ns(CLOCK_MONOTONIC) - 60000 * MS);
	refund(self_slot, cell, 1);
	assert_true(a->spike_longest_ns >= 60000 * MS);
	assert_int_equal(charge(self_slot, cell, 1), 0);
	refund(self_slot, cell, 1);
	assert_true(a->spike_longest_ns >= 60000 * MS);
	assert_int_equal(a->spikes, 2);
}

static void spike_is_above_mem_and_the_reserve_once_that_is_open(void **state)
{
	struct config config = spiky(MIB, 2 * MIB, 3600000 * MS);
	struct account *a;
	struct cell *cell;

	(void)state;
	config.reserve = 64 * KIB;
	a = begin_as(&config);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, MIB + 64 * KIB), 0);
	assert_true(is_above(a));
	deny(2 * MIB);
	assert_false(is_above(a));
	assert_int_equal(charge(self_slot, cell, 1), 0);
	assert_true(is_above(a));
	refund(self_slot, cell, 1);
	assert_false(is_above(a));
}

static void growth_below_the_ceiling_of_spikes_is_named_in_the_refusal(void **state)
{
	struct config config = spiky(MIB, 4 * MIB, 3600000 * MS);
	struct account *a;
	struct cell *cell;

	(void)state;
	config.limit[RL_MEM_GROWTH] = 2 * MIB;
	a = begin_as(&config);
	grades_begin(a, 0);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, 2 * MIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	deny(1);
	assert_int_equal(a->last_denied, RL_MEM_GROWTH + 1);
}

static void spike_under_plain_deny_is_due_for_nothing(void **state)
{
	struct config config = spiky(MIB, 2 * MIB, 1000 * MS);
	struct cell *cell;

	(void)state;
	config.action[RL_MEM].step[0].signal = RL_STEP_DENY;
	begin_as(&config);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, MIB + 1), 0);
	assert_true(grades_due_ns(ledger, 0) == INT64_MAX);
}

/* The budget that a child of SCOPE=process has for itself. */
static struct account *become_sibling(void)
{
	uint32_t sibling;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	sibling = accounts_open_sibling(ledger, 0, self_slot);
	ledger->slot[self_slot].account = sibling;
	ledger_unlock(ledger, &mask);
	assert_int_equal(sibling, 1);
	return &ledger->account[sibling];
}

static void sibling_has_all_that_its_model_has_and_clocks_of_its_own(void **state)
{
	struct config config = spiky(MIB, 2 * MIB, 1000 * MS);
	struct account *a;
	struct cell *cell;

	(void)state;
	config.reserve = 64 * KIB;
	config.limit[RL_WALL] = 5000 * MS;
	begin_as(&config);
	a = become_sibling();
	assert_ptr_equal(accounts_find_settings(ledger, 1, config.hash), a);
	assert_true(atomic_load(&a->wall_deadline_ns) == a->start_ns + 5000 * MS);
	assert_true(a->start_ns > 0 && a->next_step_ns == INT64_MAX);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, 2 * MIB), 0);
	assert_true(grades_due_ns(ledger, 1) == atomic_load(&a->above_since_ns) + 1000 * MS);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	deny(1);
	assert_int_equal(charge(self_slot, cell, 64 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	assert_int_equal(ledger->account[0].leased, 0);
	assert_int_equal(cells_charged_to_account(ledger, 0), 0);
	assert_int_equal(cells_charged_to_account(ledger, 1), 2 * MIB + 64 * KIB);
}

/* A forked child is charged for nothing that it was born with. */
static void growth_of_a_sibling_begins_at_none(void **state)
{
	struct config config = spiky(RL_UNLIMITED, RL_UNLIMITED, CONFIG_UNSET);
	struct cell *cell;

	(void)state;
	config.limit[RL_MEM_GROWTH] = 10 * KIB;
	begin_as(&config);
	become_sibling();
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, 10 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(spike_begins_with_the_charge_and_not_with_what_prepares_it),
		LEDGER_TEST(lease_is_a_sixteenth_of_what_is_held_and_a_mebibyte_at_most),
		LEDGER_TEST(who_may_give_some_back_draws_none_while_somebody_waits_for_that),
		LEDGER_TEST(above_mem_a_request_in_flight_is_served_like_others),
		LEDGER_TEST(the_next_request_sees_that_who_was_above_mem_is_dead),
		LEDGER_TEST(peak_knows_that_who_left_before_is_dead),
		LEDGER_TEST(peak_leaves_out_no_credit_that_others_have_taken),
		LEDGER_TEST(charge_whose_credit_a_dead_process_took_is_granted),
		LEDGER_TEST(change_of_a_fenced_cell_stands_only_where_there_is_credit),
		LEDGER_TEST(surplus_may_be_used_when_mem_is_exceeded_for_too_long),
		LEDGER_TEST(longest_spike_stays_the_longest),
		LEDGER_TEST(spike_is_above_mem_and_the_reserve_once_that_is_open),
		LEDGER_TEST(growth_below_the_ceiling_of_spikes_is_named_in_the_refusal),
		LEDGER_TEST(spike_under_plain_deny_is_due_for_nothing),
		LEDGER_TEST(sibling_has_all_that_its_model_has_and_clocks_of_its_own),
		LEDGER_TEST(growth_of_a_sibling_begins_at_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
