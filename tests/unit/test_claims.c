/*
 * test_claims.c - places for children whose number comes late, step by step: whoever is first, the sums are
 * whole.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/claims.h"

static pid_t maker;

/* A process that does nothing until it is ended. */
static pid_t start_child(void)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(20);
		pause();
		_exit(0);
	}
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	reap(pid);
}

static uint32_t offer(enum slot_claim claim)
{
	bool full;
	uint32_t slot = reserve(self_slot, &full);

	ledger->slot[slot].claim = claim;
	return slot;
}

/* What the child does when it has loaded us. */
static uint32_t come(pid_t child)
{
	uint32_t place;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	place = claims_take(ledger, maker, 0);
	if (place != LEDGER_NONE)
		slots_bind(ledger, place, child);
	ledger_unlock(ledger, &mask);
	return place;
}

static void settle(uint32_t index, pid_t child)
{
	struct claims_child made = {.pid = child};
	struct sweep sweep = {0};
	uint64_t mask;

	do {
		ledger_lock(ledger, &mask);
		claims_settle(ledger, index, self_slot, maker, &made, &sweep);
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
}

static void withdraw(uint32_t index, enum slot_claim claim)
{
	struct sweep sweep = {0};
	uint64_t mask;

	do {
		ledger_lock(ledger, &mask);
		claims_withdraw(ledger, index, maker, claim, &sweep);
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
}

static void start(void)
{
	begin(MIB, RL_UNLIMITED);
	maker = getpid();
}

/* So many places are taken, and the accounts know it. */
static void expect_places(uint32_t count)
{
	assert_int_equal(slots_count(ledger), count);
	expect_sums_are_exact();
}

/* The place is the child's own, and nobody's to give or take any more. */
static void expect_owner(uint32_t place, pid_t child)
{
	assert_int_equal(ledger->slot[place].pid, child);
	assert_int_equal(ledger->slot[place].claim, CLAIM_NONE);
}

static void child_may_come_before_its_maker_knows_its_number_or_after(void **state)
{
	pid_t early = start_child(), late = start_child();
	uint32_t first, second;

	(void)state;
	start();
	first = offer(CLAIM_ONCE);
	assert_int_equal(come(early), first);
	settle(first, early);
	second = offer(CLAIM_ONCE);
	settle(second, late);
	assert_int_equal(ledger->slot[first].pid, early);
	assert_int_equal(ledger->slot[second].pid, late);
	/* Nothing is offered any more. */
	assert_int_equal(come(late), LEDGER_NONE);
	expect_places(3);
	end_child(early);
	end_child(late);
}

static void call_whose_place_another_ones_child_took_owns_that_ones(void **state)
{
	pid_t of_spawn = start_child(), of_system = start_child();
	uint32_t spawn_place, system_place;

	(void)state;
	start();
	spawn_place = offer(CLAIM_ONCE);
	system_place = offer(CLAIM_HELD);
	/* Crosswise. */
	assert_int_equal(come(of_system), spawn_place);
	settle(spawn_place, of_spawn);
	expect_owner(system_place, of_spawn);
	assert_int_equal(ledger->slot[spawn_place].claim, CLAIM_HELD);
	/* system() ends, and gives back where its child was. */
	end_child(of_system);
	withdraw(system_place, CLAIM_HELD);
	assert_int_equal(ledger->account[0].procs, 2);
	assert_int_equal(ledger->slot[system_place].pid, of_spawn);
	expect_places(2);
	end_child(of_spawn);
}

static void call_that_made_nothing_gives_its_place_back(void **state)
{
	uint32_t place;

	(void)state;
	start();
	place = offer(CLAIM_ONCE);
	withdraw(place, CLAIM_ONCE);
	expect_places(1);
}

static void call_that_made_nothing_leaves_the_other_ones_child_its_place(void **state)
{
	pid_t child = start_child();
	uint32_t failing, other;

	(void)state;
	start();
	failing = offer(CLAIM_ONCE);
	other = offer(CLAIM_ONCE);
	assert_int_equal(come(child), failing);
	withdraw(failing, CLAIM_ONCE);
	settle(other, child);
	expect_owner(failing, child);
	expect_places(2);
	end_child(child);
}

static void held_place_serves_one_child_after_the_other(void **state)
{
	uint32_t place;
	pid_t child;

	(void)state;
	start();
	place = offer(CLAIM_HELD);
	for (int i = 0; i < 3; i++) {
		child = start_child();
		assert_int_equal(come(child), place);
		end_child(child);
		sweep_dead(ledger, SWEEP_ALL);
		assert_int_equal(ledger->account[0].procs, 2);
	}
	withdraw(place, CLAIM_HELD);
	expect_places(1);
}

static void place_of_a_dead_child_comes_without_what_it_held(void **state)
{
	pid_t child = start_child();
	uint32_t place;

	(void)state;
	start();
	place = offer(CLAIM_HELD);
	assert_int_equal(come(child), place);
	assert_int_equal(cells_charge_direct(ledger, place, 100 * KIB), 0);
	end_child(child);
	/* Before anybody has swept. */
	child = start_child();
	assert_int_equal(come(child), place);
	assert_int_equal(cells_charged(ledger, place), 0);
	assert_int_equal(ledger->account[0].leased, 0);
	expect_sums_are_exact();
	end_child(child);
}

/* Only /proc tells that, which is not asked under the lock: a sweep does. */
static void place_of_a_dead_child_that_nobody_waited_for_is_given_back(void **state)
{
	pid_t child = start_child();
	uint32_t place;

	(void)state;
	start();
	place = offer(CLAIM_HELD);
	assert_int_equal(come(child), place);
	kill(child, SIGKILL);
	await_death(child);
	withdraw(place, CLAIM_HELD);
	expect_places(1);
	reap(child);
}

static void place_that_was_let_go_is_its_childs_and_ends_with_it(void **state)
{
	pid_t child = start_child();
	uint32_t place;
	uint64_t mask;

	(void)state;
	start();
	place = offer(CLAIM_ONCE);
	ledger_lock(ledger, &mask);
	claims_let_go(ledger, place, maker);
	ledger_unlock(ledger, &mask);
	assert_int_equal(come(child), place);
	end_child(child);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	expect_places(1);
}

/* Under SCOPE=process: a reservation that was swept with its maker takes its account along. */
static void child_that_lost_its_place_has_a_budget_of_its_own_all_the_same(void **state)
{
	struct config config = limits(MIB, RL_UNLIMITED);
	uint32_t tree, own, child, lost, place;
	uint64_t mask;
	bool full;

	(void)state;
	start();
	config.scope = RL_SCOPE_PROCESS;
	ledger_lock(ledger, &mask);
	tree = accounts_open(ledger, 0, self_slot, &config, ACCOUNT_TREE);
	own = accounts_open(ledger, tree, self_slot, &config, ACCOUNT_PROCESS);
	ledger->account[tree].procs = ledger->account[own].procs = 1;
	ledger->slot[self_slot].account = own;
	ledger_unlock(ledger, &mask);
	child = reserve(self_slot, &full);
	lost = ledger->slot[child].account;
	ledger_lock(ledger, &mask);
	slots_close(ledger, child);
	assert_int_equal(ledger->account[lost].in_use, 0);
	/* When its account is closed, and the next to be used again; and while the maker's is there. */
	for (int i = 0; i < 2; i++) {
		place = slots_open_lost(ledger, i ? own : lost);
		assert_int_not_equal(ledger->slot[place].account, own);
		assert_int_equal(ledger->account[ledger->slot[place].account].parent, tree);
		assert_int_equal(ledger->account[ledger->slot[place].account].limit[RL_MEM], MIB);
		assert_int_equal(ledger->account[ledger->slot[place].account].root, place);
	}
	ledger_unlock(ledger, &mask);
	assert_int_equal(ledger->account[tree].procs, 3);
	expect_sums_are_exact();
}

/* Numbers of processes mean nothing in another pid namespace: the maker there has ours by chance. */
static void place_that_is_offered_in_another_namespace_is_not_taken(void **state)
{
	uint64_t own;
	uint32_t index;

	(void)state;
	start();
	own = slots_own_namespace(ledger);
	index = offer(CLAIM_ONCE);
	assert_true(claims_are_offered(ledger, maker, own));
	ledger->slot[index].pid_namespace ^= 1;
	assert_false(claims_are_offered(ledger, maker, own));
	assert_int_equal(come(getpid()), LEDGER_NONE);
	ledger->slot[index].pid_namespace ^= 1;
	withdraw(index, CLAIM_ONCE);
	end(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(child_may_come_before_its_maker_knows_its_number_or_after),
		LEDGER_TEST(call_whose_place_another_ones_child_took_owns_that_ones),
		LEDGER_TEST(call_that_made_nothing_gives_its_place_back),
		LEDGER_TEST(call_that_made_nothing_leaves_the_other_ones_child_its_place),
		LEDGER_TEST(held_place_serves_one_child_after_the_other),
		LEDGER_TEST(place_of_a_dead_child_comes_without_what_it_held),
		LEDGER_TEST(place_of_a_dead_child_that_nobody_waited_for_is_given_back),
		LEDGER_TEST(place_that_was_let_go_is_its_childs_and_ends_with_it),
		LEDGER_TEST(child_that_lost_its_place_has_a_budget_of_its_own_all_the_same),
		cmocka_unit_test(place_that_is_offered_in_another_namespace_is_not_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
