/*
 * test_ledger_lock.c - who has the lock may be killed, stopped or recycled.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

static void die_holding_the_lock(uint32_t slot, void *arg)
{
	uint64_t mask;

	(void)arg;
	cells_charge_direct(ledger, slot, 100 * KIB);
	ledger_lock(ledger, &mask);
	/* In the middle of everything. */
	ledger->account[0].leased += 12345;
	ledger->account[0].threads += 7;
	ledger->account[0].procs -= 3;
	ledger->slot[self_slot].taken += 99;
	kill(getpid(), SIGKILL);
}

static void lock_of_a_killed_holder_is_taken_over_and_the_sums_are_mended(void **state)
{
	uint64_t mask;
	uint32_t slot;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 10 * KIB), 0);
	assert_int_equal(reap(spawn(die_holding_the_lock, NULL, &slot)), SIGKILL);
	alarm(10);
	ledger_lock(ledger, &mask);
	assert_int_equal(ledger->repairs, 1);
	assert_int_equal(ledger->account[0].leased, 110 * KIB);
	assert_int_equal(ledger->account[0].threads, 0);
	assert_int_equal(ledger->account[0].procs, 2);
	assert_int_equal(ledger->slot[self_slot].taken, 0);
	ledger_unlock(ledger, &mask);
	alarm(0);
	sweep_dead(ledger, SWEEP_ALL);
	assert_int_equal(ledger->account[0].leased, 10 * KIB);
	assert_int_equal(ledger->account[0].procs, 1);
}

static void lock_of_a_zombie_is_taken_over_in_a_moment(void **state)
{
	uint64_t mask;
	int64_t began_ns;
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(die_holding_the_lock, NULL, &slot);

	waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	alarm(10);
	began_ns = raw_clock_ns(CLOCK_MONOTONIC);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	alarm(0);
	assert_int_equal(ledger->repairs, 1);
	assert_true(raw_clock_ns(CLOCK_MONOTONIC) - began_ns < INT64_C(5000000000));
	reap(pid);
}

static void recycled_tid_does_not_hold_the_lock(void **state)
{
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	/* Our parent is alive, and was born long after this lock was taken. */
	atomic_store(&ledger->lock, (uint32_t)getppid());
	atomic_store(&ledger->lock_taken_ns, 1);
	alarm(10);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	alarm(0);
	assert_int_equal(ledger->repairs, 1);
}

/* exec ends the other threads wherever they are, and ours has the first one's number. */
static void lock_of_the_program_before_is_taken_over(void **state)
{
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	atomic_store(&ledger->lock, (uint32_t)getpid());
	atomic_store(&ledger->lock_taken_ns, raw_clock_ns(CLOCK_BOOTTIME));
	alarm(20);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	alarm(0);
	assert_int_equal(ledger->repairs, 1);
}

/* With members in other pid namespaces its number may be that of anybody, who lives. */
static void number_of_another_namespace_holds_the_lock_for_a_while_only(void **state)
{
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	slots_expect_namespaces(ledger);
	atomic_store(&ledger->lock, (uint32_t)getppid());
	atomic_store(&ledger->lock_taken_ns, raw_clock_ns(CLOCK_BOOTTIME));
	alarm(20);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	alarm(0);
	assert_int_equal(ledger->repairs, 1);
}

/* Who died in the lock was about to give back a place, and a cell of a process whose place is free. */
static void what_was_about_to_come_free_is_found_after_a_repair(void **state)
{
	struct cell *cell;
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	cell = cells_attach(ledger, self_slot);
	cells_attach(ledger, self_slot);
	ledger_lock(ledger, &mask);
	slots_open(ledger, 0);
	slots_open(ledger, 0);
	atomic_store(&cell->slot, 2);
	atomic_store(&ledger->slot[1].state, SLOT_FREE);
	accounts_recompute(ledger);
	assert_int_equal(ledger->account[0].procs, 2);
	assert_int_equal(slots_open(ledger, 0), 1);
	assert_ptr_equal(cells_attach_locked(ledger, self_slot), cell);
	ledger_unlock(ledger, &mask);
}

static void stop_in_lock(uint32_t slot, void *arg)
{
	const int *gate = arg;
	uint64_t mask;
	char byte;

	(void)slot;
	/* Not before its parent has bound its place, for which that needs the lock. */
	assert_int_equal(read(gate[0], &byte, 1), 1);
	ledger_lock(ledger, &mask);
	raise(SIGSTOP);
	ledger_unlock(ledger, &mask);
}

static void who_has_no_time_goes_on_beside_a_stopped_owner_alone(void **state)
{
	uint32_t slot;
	uint64_t mask;
	int status, gate[2];
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(pipe(gate), 0);
	pid = spawn(stop_in_lock, gate, &slot);
	assert_int_equal(write(gate[1], "x", 1), 1);
	waitpid(pid, &status, WUNTRACED);
	assert_true(WIFSTOPPED(status));
	assert_false(ledger_lock_urgent(ledger, &mask));
	assert_int_not_equal(ledger->lock_forced_ns, 0);
	ledger_unlock_urgent(ledger, &mask, false);
	assert_int_equal(ledger->lock_forced_ns, 0);
	/* It still owns what it goes on with. */
	kill(pid, SIGCONT);
	assert_int_equal(reap(pid), 0);
	assert_true(ledger_lock_urgent(ledger, &mask));
	ledger_unlock_urgent(ledger, &mask, true);
	assert_int_equal(ledger->repairs, 0);
	close(gate[0]);
	close(gate[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(lock_of_a_killed_holder_is_taken_over_and_the_sums_are_mended),
		LEDGER_TEST(lock_of_a_zombie_is_taken_over_in_a_moment),
		LEDGER_TEST(recycled_tid_does_not_hold_the_lock),
		LEDGER_TEST(lock_of_the_program_before_is_taken_over),
		LEDGER_TEST(number_of_another_namespace_holds_the_lock_for_a_while_only),
		LEDGER_TEST(what_was_about_to_come_free_is_found_after_a_repair),
		LEDGER_TEST(who_has_no_time_goes_on_beside_a_stopped_owner_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
