/*
 * test_ledger.c - the ledger from inside: accounts, slots, cells, the lock's repair, the file's checks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include <sys/ptrace.h>

/* --- cells */

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

/* --- processes */

static void charge_and_wait(uint32_t slot, void *arg)
{
	struct cell *cell = cells_attach(ledger, slot);

	leases_register_fence(ledger);
	if (charge(slot, cell, 500 * KIB))
		_exit(1);
	refund(slot, cell, 400 * KIB);
	if (write(*(int *)arg, "x", 1) != 1)
		_exit(2);
	pause();
}

static void idle_credit_of_another_process_is_taken_and_comes_back_when_it_dies(void **state)
{
	struct cell *cell;
	uint32_t slot;
	int ready[2];
	pid_t pid;
	char c;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(pipe(ready), 0);
	cell = cells_attach(ledger, self_slot);
	pid = spawn(charge_and_wait, &ready[1], &slot);
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(charge(self_slot, cell, MIB - 100 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	assert_int_equal(cells_charged(ledger, slot), 100 * KIB);
	expect_sums_are_exact();
	kill(pid, SIGKILL);
	/* Not reaped: a zombie is dead. */
	waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	assert_int_equal(charge(self_slot, cell, 100 * KIB), 0);
	assert_int_equal(ledger->slot[slot].state, SLOT_FREE);
	reap(pid);
	expect_sums_are_exact();
}

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

/* Another thread's realloc, which has charged the most that the block could become. */
struct flight {
	struct cell *cell;
	pthread_barrier_t begun;
};

static void *resize_a_block(void *arg)
{
	struct flight *flight = arg;

	cell_take_off(flight->cell, 700 * KIB);
	assert_int_equal(charge(self_slot, flight->cell, 700 * KIB), 0);
	pthread_barrier_wait(&flight->begun);
	while (!atomic_load(&ledger->landings))
		sched_yield();
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

static void recycled_pid_is_told_apart(void **state)
{
	uint32_t other, same;
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	other = slots_open(ledger, 0);
	slots_bind(ledger, other, getppid());
	same = slots_open(ledger, 0);
	slots_bind(ledger, same, getpid());
	ledger_unlock(ledger, &mask);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 0);
	/* Processes of these numbers that began before those of today. */
	ledger->slot[other].born_ns = 1;
	ledger->slot[same].born_ns = 1;
	assert_int_equal(slots_find(ledger, getppid(), procfs_began_ns(getppid())), LEDGER_NONE);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 2);
	assert_int_equal(slots_find(ledger, getpid(), procfs_began_ns(getpid())), self_slot);
	expect_sums_are_exact();
}

static void *run_on(void *arg)
{
	(void)arg;
	pause();
	return NULL;
}

static void leave_main_thread(uint32_t slot, void *arg)
{
	pthread_t thread;

	cells_charge_direct(ledger, slot, MIB);
	pthread_create(&thread, NULL, run_on, NULL);
	if (write(*(int *)arg, "x", 1) != 1)
		_exit(2);
	pthread_exit(NULL);
}

static void process_without_its_first_thread_keeps_what_it_holds(void **state)
{
	char path[64], text[256] = "";
	uint32_t slot;
	int ready[2];
	pid_t pid;
	char c;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(pipe(ready), 0);
	pid = spawn(leave_main_thread, &ready[1], &slot);
	assert_int_equal(read(ready[0], &c, 1), 1);
	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	for (int i = 0; i < 1000 && !strstr(text, ") Z "); i++) {
		FILE *f = fopen(path, "re");

		if (!f || !fgets(text, sizeof(text), f))
			fail();
		fclose(f);
		usleep(1000);
	}
	assert_non_null(strstr(text, ") Z "));
	assert_int_equal(cells_charge_direct(ledger, self_slot, 1), -ENOMEM);
	kill(pid, SIGKILL);
	reap(pid);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 1), 0);
}

static void reserve_and_die(uint32_t slot, void *arg)
{
	bool full;

	(void)arg;
	reserve(slot, &full);
}

static void reservation_dies_with_its_maker_reaped_or_not(void **state)
{
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(reserve_and_die, NULL, &slot);
	waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT);
	assert_int_equal(slots_count(ledger), 3);
	sweep_dead(ledger, SWEEP_ALL);
	assert_int_equal(slots_count(ledger), 1);
	reap(pid);
	expect_sums_are_exact();
}

static void slot_reserved_by_another_thread_is_not_mine(void **state)
{
	uint32_t slot;
	uint64_t mask;
	bool full;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	slot = reserve(self_slot, &full);
	ledger_lock(ledger, &mask);
	assert_true(slots_is_reserved_by_thread(ledger, slot, gettid()));
	assert_false(slots_is_reserved_by_thread(ledger, slot, gettid() + 1));
	slots_bind(ledger, slot, getppid());
	assert_false(slots_is_reserved_by_thread(ledger, slot, gettid()));
	assert_true(slots_is_of(ledger, slot, getppid()));
	ledger_unlock(ledger, &mask);
}

static void process_limit_counts_reservations_and_forgets_the_dead(void **state)
{
	uint32_t first, second;
	uint64_t mask;
	bool full;

	(void)state;
	begin(MIB, 2);
	first = reserve(self_slot, &full);
	second = reserve(self_slot, &full);
	assert_int_not_equal(second, LEDGER_NONE);
	assert_int_equal(reserve(self_slot, &full), LEDGER_NONE);
	assert_false(full);
	ledger_lock(ledger, &mask);
	slots_close(ledger, first);
	ledger_unlock(ledger, &mask);
	assert_int_equal(reserve(self_slot, &full), first);
	expect_sums_are_exact();
}

/* --- full tables */

static void full_table_of_cells_is_a_refusal(void **state)
{
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	for (uint32_t i = 0; i < LEDGER_CELLS; i++)
		atomic_store_explicit(&ledger_cell(ledger, i)->slot, self_slot + 1, memory_order_relaxed);
	atomic_store(&ledger->cells_end, LEDGER_CELLS);
	ledger_unlock(ledger, &mask);
	assert_null(cells_attach(ledger, self_slot));
	assert_true(ledger->degraded & LEDGER_CELLS_FULL);
	assert_int_equal(cells_charge_direct(ledger, self_slot, MIB), 0);
	assert_int_equal(cells_charge_direct(ledger, self_slot, 1), -ENOMEM);
}

/* The next one is looked for behind those that are taken, and nowhere else. */
static void cell_and_slot_that_come_free_are_used_again(void **state)
{
	struct cell *cell[100];
	uint32_t slot[20];
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	for (int i = 0; i < 100; i++)
		cell[i] = cells_attach_locked(ledger, self_slot);
	for (int i = 0; i < 20; i++)
		slot[i] = slots_open(ledger, 0);
	cells_retire_locked(ledger, self_slot, cell[70]);
	cells_retire_locked(ledger, self_slot, cell[30]);
	slots_close(ledger, slot[15]);
	slots_close(ledger, slot[3]);
	for (int i = 0; i < 2; i++) {
		/* Also where it is not known any more which. */
		if (i)
			accounts_recompute(ledger);
		assert_ptr_equal(cells_attach_locked(ledger, self_slot), cell[i ? 70 : 30]);
		assert_int_equal(slots_open(ledger, 0), slot[i ? 15 : 3]);
	}
	assert_ptr_equal(cells_attach_locked(ledger, self_slot), cell[99] - 1);
	assert_int_equal(slots_open(ledger, 0), slot[19] + 1);
	ledger_unlock(ledger, &mask);
}

static void full_table_of_slots_is_a_refusal(void **state)
{
	uint32_t last = 0;
	uint64_t mask;
	bool full = false;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	for (int i = 1; i < LEDGER_SLOTS; i++) {
		last = slots_open(ledger, 0);
		assert_int_not_equal(last, LEDGER_NONE);
	}
	assert_int_equal(slots_open(ledger, 0), LEDGER_NONE);
	ledger_unlock(ledger, &mask);
	assert_int_equal(reserve(self_slot, &full), LEDGER_NONE);
	assert_true(full);
	ledger_lock(ledger, &mask);
	slots_close(ledger, last);
	ledger_unlock(ledger, &mask);
	assert_int_equal(reserve(self_slot, &full), last);
}

static void full_table_of_accounts_is_a_refusal(void **state)
{
	struct config config = limits(MIB, RL_UNLIMITED);
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	for (int i = 1; i < LEDGER_ACCOUNTS; i++)
		assert_int_not_equal(accounts_open(ledger, 0, self_slot, &config, ACCOUNT_WHOLE),
				     LEDGER_NONE);
	assert_int_equal(accounts_open(ledger, 0, self_slot, &config, ACCOUNT_WHOLE), LEDGER_NONE);
	assert_int_equal(accounts_open_sibling(ledger, 0, self_slot), LEDGER_NONE);
	ledger_unlock(ledger, &mask);
}

/* --- the file */

static void expect_refused(const char *path, int error)
{
	struct ledger *other = NULL;

	assert_int_equal(ledger_open(path, &other), error);
}

static void ledger_is_found_again_by_its_path(void **state)
{
	struct ledger *again;
	struct stat st;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(stat(ledger->path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(ledger_open(ledger->path, &again), 0);
	assert_int_equal(again->account[0].limit[RL_MEM], MIB);
	ledger_unmap(again);
}

static void file_that_others_could_change_is_refused(void **state)
{
	char link_path[LEDGER_PATH + 8];

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(chmod(ledger->path, 0660), 0);
	expect_refused(ledger->path, -EPERM);
	assert_int_equal(chmod(ledger->path, 0600), 0);
	snprintf(link_path, sizeof(link_path), "%s.link", ledger->path);
	assert_int_equal(symlink(ledger->path, link_path), 0);
	expect_refused(link_path, -ELOOP);
	unlink(link_path);
	if (geteuid() == 0) {
		assert_int_equal(chown(ledger->path, 65534, 65534), 0);
		expect_refused(ledger->path, -EPERM);
		assert_int_equal(chown(ledger->path, 0, 0), 0);
	}
	expect_refused("/dev/null", -EPERM);
	expect_refused("/nonexistent/ledger", -ENOENT);
}

static void file_of_another_shape_is_refused(void **state)
{
	char path[LEDGER_PATH];
	uint32_t end_of_slots;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	strcpy(path, ledger->path);
	ledger->magic++;
	expect_refused(path, -EPERM);
	ledger->magic--;
	ledger->version++;
	expect_refused(path, -EPERM);
	ledger->version--;
	ledger->size--;
	expect_refused(path, -EPERM);
	ledger->size++;
	/* Garbage behind a good header must not lead outside the tables. */
	end_of_slots = ledger->slots_end;
	ledger->slots_end = UINT32_MAX;
	expect_refused(path, -EPERM);
	ledger->slots_end = end_of_slots;
	ledger->cells_end = LEDGER_CELLS + 1;
	expect_refused(path, -EPERM);
	ledger->cells_end = 0;
	ledger_unmap(ledger);
	ledger = NULL;
	assert_int_equal(truncate(path, 4096), 0);
	expect_refused(path, -EPERM);
	unlink(path);
}

static void leave_a_ledger(char *path)
{
	struct config config = limits(MIB, RL_UNLIMITED);
	struct ledger *l;
	uint32_t slot;

	if (ledger_create(&l))
		_exit(1);
	slot = slots_open(l, LEDGER_NONE);
	slots_bind(l, slot, getpid());
	l->slot[slot].account = accounts_open(l, LEDGER_NONE, slot, &config, ACCOUNT_WHOLE);
	memcpy(path, l->path, LEDGER_PATH);
	kill(getpid(), SIGKILL);
}

static void next_start_sweeps_what_a_killed_tree_left(void **state)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t pid = fork();

	(void)state;
	if (pid == 0)
		leave_a_ledger(path);
	assert_int_equal(reap(pid), SIGKILL);
	assert_int_equal(access(path, F_OK), 0);
	begin(MIB, RL_UNLIMITED);
	assert_int_equal(access(path, F_OK), -1);
	assert_int_equal(access(ledger->path, F_OK), 0);
	munmap(path, 4096);
}

/* A ledger whose maker is gone; `member` stands in it, alive or not. */
static void leave_a_ledger_of(pid_t member, char *path)
{
	struct ledger *l;
	pid_t pid = fork();

	if (pid == 0) {
		if (ledger_create(&l))
			_exit(1);
		slots_bind(l, slots_open(l, LEDGER_NONE), member);
		memcpy(path, l->path, LEDGER_PATH);
		_exit(0);
	}
	assert_int_equal(reap(pid), 0);
}

static bool is_left_by_the_next_start(const char *path)
{
	begin(MIB, RL_UNLIMITED);
	end(NULL);
	return access(path, F_OK) == 0;
}

static void ledger_is_no_leftover_while_a_member_executes(void **state)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ledger *l;

	(void)state;
	leave_a_ledger_of(999999999, path);
	assert_int_equal(ledger_open(path, &l), 0);
	assert_true(is_left_by_the_next_start(path));
	l->slot[0].exec_ns = raw_clock_ns(CLOCK_BOOTTIME);
	ledger_unmap(l);
	assert_true(is_left_by_the_next_start(path));
	assert_int_equal(ledger_open(path, &l), 0);
	l->slot[0].exec_ns -= INT64_C(3000000000);
	ledger_unmap(l);
	assert_false(is_left_by_the_next_start(path));
	munmap(path, 4096);
}

static void ledger_is_no_leftover_while_an_unguarded_program_can_pass_it_on(void **state)
{
	char *path = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	char variable[LEDGER_PATH + 32];
	char *const environment[] = {variable, NULL}, *const argv[] = {"sleep", "20", NULL};
	int told[2], status;
	pid_t pid;
	char c;

	(void)state;
	assert_int_equal(pipe(told), 0);
	pid = fork();
	if (pid == 0) {
		close(told[1]);
		if (read(told[0], &c, 1) != 1)
			_exit(1);
		snprintf(variable, sizeof(variable), "RESLIMIT_LEDGER=%s", path);
		fcntl(told[0], F_SETFD, FD_CLOEXEC);
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		execve("/bin/sleep", argv, environment);
		_exit(1);
	}
	leave_a_ledger_of(pid, path);
	assert_int_equal(write(told[1], "x", 1), 1);
	/* Stopped behind its exec. */
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSTOPPED(status));
	assert_true(is_left_by_the_next_start(path));
	kill(pid, SIGKILL);
	reap(pid);
	assert_false(is_left_by_the_next_start(path));
	close(told[0]);
	close(told[1]);
	munmap(path, 4096);
}

static uint16_t owed_to_a_new_child(void)
{
	uint64_t mask;
	uint16_t owed;
	bool full;
	uint32_t child = reserve(self_slot, &full);

	assert_int_not_equal(child, LEDGER_NONE);
	owed = atomic_load(&ledger->slot[child].owed_signal);
	ledger_lock(ledger, &mask);
	slots_close(ledger, child);
	ledger_unlock(ledger, &mask);
	return owed;
}

static void child_that_is_made_while_a_step_is_sent_is_owed_its_signal(void **state)
{
	struct account *a;

	(void)state;
	begin(1 * MIB, RL_UNLIMITED);
	a = &ledger->account[ledger->slot[self_slot].account];
	assert_int_equal(owed_to_a_new_child(), 0);
	a->sending_until_ns = INT64_MAX;
	atomic_store(&a->sending, SIGTERM);
	assert_int_equal(owed_to_a_new_child(), SIGTERM);
	/* Who sent it died in the middle. */
	a->sending_until_ns = 1;
	assert_int_equal(owed_to_a_new_child(), 0);
	/* It was sent to all, and waits in the maker's place for the maker's watchdog. */
	atomic_store(&a->sending, 0);
	atomic_store(&ledger->slot[self_slot].owed_signal, SIGINT);
	assert_int_equal(owed_to_a_new_child(), SIGINT);
	atomic_store(&ledger->slot[self_slot].owed_signal, 0);
	assert_int_equal(owed_to_a_new_child(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(charge_above_limit_is_refused_and_changes_nothing),
		LEDGER_TEST(refused_request_leaves_other_credit_in_reach),
		LEDGER_TEST(idle_credit_of_another_thread_is_taken_to_the_last_byte),
		LEDGER_TEST(charge_of_a_frozen_cell_stands_if_it_was_covered),
		LEDGER_TEST(credit_beyond_the_keep_goes_back_to_the_account),
		LEDGER_TEST(retired_cell_leaves_its_charges_and_nothing_else),
		LEDGER_TEST(surplus_of_a_forked_child_is_used_first_and_given_to_nobody),
		LEDGER_TEST(what_a_child_freed_of_its_parents_counts_against_its_growth_alone),
		LEDGER_TEST(credit_that_no_lease_backs_serves_nobody_else),
		LEDGER_TEST(peak_of_one_thread_is_exact),
		LEDGER_TEST(peak_of_a_killed_process_is_what_it_charged_in_all_its_threads),
		LEDGER_TEST(limit_of_the_outer_account_binds_the_inner),
		LEDGER_TEST(idle_credit_of_another_process_is_taken_and_comes_back_when_it_dies),
		LEDGER_TEST(lock_of_a_killed_holder_is_taken_over_and_the_sums_are_mended),
		LEDGER_TEST(lock_of_a_zombie_is_taken_over_in_a_moment),
		LEDGER_TEST(recycled_tid_does_not_hold_the_lock),
		LEDGER_TEST(who_has_no_time_goes_on_beside_a_stopped_owner_alone),
		LEDGER_TEST(what_a_resize_may_give_back_is_waited_for),
		LEDGER_TEST(nobody_waits_for_a_resize_that_could_not_give_back_enough_or_for_ever),
		LEDGER_TEST(recycled_pid_is_told_apart),
		LEDGER_TEST(process_without_its_first_thread_keeps_what_it_holds),
		LEDGER_TEST(reservation_dies_with_its_maker_reaped_or_not),
		LEDGER_TEST(slot_reserved_by_another_thread_is_not_mine),
		LEDGER_TEST(process_limit_counts_reservations_and_forgets_the_dead),
		LEDGER_TEST(full_table_of_cells_is_a_refusal),
		LEDGER_TEST(cell_and_slot_that_come_free_are_used_again),
		LEDGER_TEST(full_table_of_slots_is_a_refusal),
		LEDGER_TEST(full_table_of_accounts_is_a_refusal),
		LEDGER_TEST(ledger_is_found_again_by_its_path),
		LEDGER_TEST(file_that_others_could_change_is_refused),
		LEDGER_TEST(file_of_another_shape_is_refused),
		LEDGER_TEST(next_start_sweeps_what_a_killed_tree_left),
		LEDGER_TEST(ledger_is_no_leftover_while_a_member_executes),
		LEDGER_TEST(ledger_is_no_leftover_while_an_unguarded_program_can_pass_it_on),
		LEDGER_TEST(child_that_is_made_while_a_step_is_sent_is_owed_its_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
