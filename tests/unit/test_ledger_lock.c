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

/* Who comes next takes the lock from an owner that no longer has it, and mends the sums. */
static void expect_taken_over(void)
{
	uint64_t mask;

	alarm(20);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	alarm(0);
	assert_int_equal(ledger->repairs, 1);
}

static void lock_of_a_zombie_is_taken_over_in_a_moment(void **state)
{
	int64_t began_ns;
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(die_holding_the_lock, NULL, &slot);
	await_death(pid);
	began_ns = raw_clock_ns(CLOCK_MONOTONIC);
	expect_taken_over();
	assert_true(raw_clock_ns(CLOCK_MONOTONIC) - began_ns < INT64_C(5000000000));
	reap(pid);
}

/* But for a second it does: the time of the lock is stored after the lock, and may be that of one before. */
static void recycled_tid_does_not_hold_the_lock(void **state)
{
	int64_t began_ns = raw_clock_ns(CLOCK_MONOTONIC);

	(void)state;
	begin(MIB, RL_UNLIMITED);
	/* Our parent is alive, and was born long after this lock was taken. */
	atomic_store(&ledger->lock, (uint32_t)getppid());
	atomic_store(&ledger->lock_taken_ns, 1);
	expect_taken_over();
	assert_true(raw_clock_ns(CLOCK_MONOTONIC) - began_ns >= 1000 * MS);
}

static _Atomic int handled;

static void count(int signal)
{
	(void)signal;
	atomic_fetch_add(&handled, 1);
}

static void no_handler_finds_the_lock_with_its_own_thread(void **state)
{
	int64_t before_ns;
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	signal(SIGUSR1, count);
	before_ns = raw_clock_ns(CLOCK_BOOTTIME);
	ledger_lock(ledger, &mask);
	raise(SIGUSR1);
	assert_int_equal(handled, 0);
	assert_true(atomic_load(&ledger->lock_taken_ns) >= before_ns);
	ledger_unlock(ledger, &mask);
	assert_int_equal(handled, 1);
	signal(SIGUSR1, SIG_DFL);
}

/* Two that sleep for the lock, and when each has had it. */
static _Atomic int64_t had_ns[2];
static _Atomic int waiting;

static void *wait_for_the_lock(void *arg)
{
	uint64_t mask;

	atomic_fetch_add(&waiting, 1);
	ledger_lock(ledger, &mask);
	atomic_store((_Atomic int64_t *)arg, raw_clock_ns(CLOCK_MONOTONIC));
	ledger_unlock(ledger, &mask);
	return NULL;
}

/* Return: how long after the lock was free both had had it. */
static int64_t hand_the_lock_on(void)
{
	pthread_t thread[2];
	int64_t free_ns, last_ns;
	uint64_t mask;

	atomic_store(&waiting, 0);
	ledger_lock(ledger, &mask);
	for (int i = 0; i < 2; i++)
		pthread_create(&thread[i], NULL, wait_for_the_lock, &had_ns[i]);
	while (atomic_load(&waiting) < 2)
		sched_yield();
	/* For them to give up spinning; their next look of their own is 20 ms after that. */
	raw_sleep_ns(2 * MS);
	free_ns = raw_clock_ns(CLOCK_MONOTONIC);
	ledger_unlock(ledger, &mask);
	for (int i = 0; i < 2; i++)
		pthread_join(thread[i], NULL);
	last_ns = atomic_load(&had_ns[0]) > atomic_load(&had_ns[1]) ? atomic_load(&had_ns[0])
								    : atomic_load(&had_ns[1]);
	return last_ns - free_ns;
}

/* A busy machine may keep them from it now and then; what nobody wakes is late each time. */
static void who_sleeps_for_the_lock_is_woken_one_after_the_other(void **state)
{
	int64_t best_ns = INT64_MAX;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	for (int i = 0; i < 200 && best_ns >= 5 * MS; i++) {
		int64_t took_ns = hand_the_lock_on();

		best_ns = took_ns < best_ns ? took_ns : best_ns;
	}
	assert_true(best_ns < 5 * MS);
}

/* exec ends the other threads wherever they are, and ours has the first one's number. */
static void lock_of_the_program_before_is_taken_over(void **state)
{
	(void)state;
	begin(MIB, RL_UNLIMITED);
	atomic_store(&ledger->lock, (uint32_t)getpid());
	atomic_store(&ledger->lock_taken_ns, raw_clock_ns(CLOCK_BOOTTIME));
	expect_taken_over();
}

/* With members in other pid namespaces its number may be that of anybody, who lives. */
static void number_of_another_namespace_holds_the_lock_for_a_while_only(void **state)
{
	(void)state;
	begin(MIB, RL_UNLIMITED);
	slots_expect_namespaces(ledger);
	atomic_store(&ledger->lock, (uint32_t)getppid());
	atomic_store(&ledger->lock_taken_ns, raw_clock_ns(CLOCK_BOOTTIME));
	expect_taken_over();
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

static void await_stop(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, WUNTRACED), pid);
	assert_true(WIFSTOPPED(status));
}

static void who_has_no_time_goes_on_beside_a_stopped_owner_alone(void **state)
{
	uint32_t slot;
	uint64_t mask, again;
	int gate[2];
	int64_t forced_ns;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(pipe(gate), 0);
	pid = spawn(stop_in_lock, gate, &slot);
	assert_int_equal(write(gate[1], "x", 1), 1);
	await_stop(pid);
	assert_false(ledger_lock_urgent(ledger, &mask));
	forced_ns = atomic_load(&ledger->lock_forced_ns);
	assert_int_not_equal(forced_ns, 0);
	/* The next one not before this one has had its time: it may be dead. */
	assert_false(ledger_lock_urgent(ledger, &again));
	assert_true(atomic_load(&ledger->lock_forced_ns) - forced_ns > 50 * MS);
	ledger_unlock_urgent(ledger, &again, false);
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

static void lock_when_let(uint32_t slot, void *arg)
{
	const int *gate = arg;
	uint64_t mask;
	char byte;

	(void)slot;
	assert_int_equal(read(gate[0], &byte, 1), 1);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
}

/*
 * Ctrl-Z, for longer than an owner is waited for who cannot be asked about. Who waits may go on first, and
 * must not take for the owner's time what neither had.
 */
static void stop_of_the_whole_tree_is_no_time_of_the_owners(void **state)
{
	int owners[2], waiters[2];
	pid_t owner, waiter;
	uint32_t slot;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	slots_expect_namespaces(ledger);
	assert_int_equal(pipe(owners) || pipe(waiters), 0);
	owner = spawn(stop_in_lock, owners, &slot);
	waiter = spawn(lock_when_let, waiters, &slot);
	assert_int_equal(write(owners[1], "x", 1), 1);
	await_stop(owner);
	assert_int_equal(write(waiters[1], "x", 1), 1);
	while (atomic_load(&ledger->lock) == (uint32_t)owner)
		raw_sleep_ns(MS);
	kill(waiter, SIGSTOP);
	await_stop(waiter);
	raw_sleep_ns(2200 * MS);
	kill(waiter, SIGCONT);
	raw_sleep_ns(100 * MS); /* some looks */
	kill(owner, SIGCONT);
	assert_int_equal(reap(owner), 0);
	assert_int_equal(reap(waiter), 0);
	assert_int_equal(ledger->repairs, 0);
	for (int i = 0; i < 2; i++) {
		close(owners[i]);
		close(waiters[i]);
	}
}

/* Who sleeps for the lock is mostly too late when it is let go for an instant. */
static void hold_again_and_again(uint32_t slot, void *arg)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + 2500 * MS;
	uint64_t mask;

	(void)slot;
	ledger_lock(ledger, &mask);
	tell_ready(arg);
	while (raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		raw_sleep_ns(30 * MS);
		ledger_unlock(ledger, &mask);
		ledger_lock(ledger, &mask);
	}
	ledger_unlock(ledger, &mask);
}

static void many_short_holds_are_no_long_one(void **state)
{
	uint64_t mask;
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	slots_expect_namespaces(ledger);
	pid = spawn_until_ready(hold_again_and_again, &slot);
	ledger_lock(ledger, &mask);
	ledger_unlock(ledger, &mask);
	assert_int_equal(reap(pid), 0);
	assert_int_equal(ledger->repairs, 0);
}

static void hold_for_a_moment(uint32_t slot, void *arg)
{
	uint64_t mask;

	(void)slot;
	ledger_lock(ledger, &mask);
	tell_ready(arg);
	raw_sleep_ns(100 * MS);
	ledger_unlock(ledger, &mask);
}

/* On a machine that stalls for a second it looks as if it stood. */
static void who_has_no_time_waits_for_an_owner_that_gets_on(void **state)
{
	bool is_locked = false;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	for (int i = 0; i < 10 && !is_locked; i++) {
		uint32_t slot;
		uint64_t mask;
		pid_t pid = spawn_until_ready(hold_for_a_moment, &slot);

		is_locked = ledger_lock_urgent(ledger, &mask);
		ledger_unlock_urgent(ledger, &mask, is_locked);
		assert_int_equal(reap(pid), 0);
	}
	assert_true(is_locked);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(lock_of_a_killed_holder_is_taken_over_and_the_sums_are_mended),
		LEDGER_TEST(lock_of_a_zombie_is_taken_over_in_a_moment),
		LEDGER_TEST(recycled_tid_does_not_hold_the_lock),
		LEDGER_TEST(no_handler_finds_the_lock_with_its_own_thread),
		LEDGER_TEST(who_sleeps_for_the_lock_is_woken_one_after_the_other),
		LEDGER_TEST(lock_of_the_program_before_is_taken_over),
		LEDGER_TEST(number_of_another_namespace_holds_the_lock_for_a_while_only),
		LEDGER_TEST(what_was_about_to_come_free_is_found_after_a_repair),
		LEDGER_TEST(who_has_no_time_goes_on_beside_a_stopped_owner_alone),
		LEDGER_TEST(stop_of_the_whole_tree_is_no_time_of_the_owners),
		LEDGER_TEST(many_short_holds_are_no_long_one),
		LEDGER_TEST(who_has_no_time_waits_for_an_owner_that_gets_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
