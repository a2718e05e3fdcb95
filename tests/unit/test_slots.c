/*
 * test_slots.c - places of processes: reserved, given back, told apart; and tables that are full.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

static void recycled_pid_is_told_apart(void **state)
{
	uint32_t other, same;
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	other = slots_open(ledger, 0);
	slots_bind(ledger, other, getppid());
	ledger_unlock(ledger, &mask);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 0);
	ledger_lock(ledger, &mask);
	same = slots_open(ledger, 0);
	slots_bind(ledger, same, getpid());
	ledger_unlock(ledger, &mask);
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
	tell_ready(arg);
	pthread_exit(NULL);
}

static void process_without_its_first_thread_keeps_what_it_holds(void **state)
{
	char path[64], text[256] = "";
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn_until_ready(leave_main_thread, &slot);
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
	await_death(pid);
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
	uint32_t below = 0;
	uint64_t mask;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger_lock(ledger, &mask);
	/* Each has a member. */
	for (int i = 1; i < LEDGER_ACCOUNTS; i++) {
		below = accounts_open(ledger, below, self_slot, &config, ACCOUNT_WHOLE);
		assert_int_not_equal(below, LEDGER_NONE);
	}
	ledger->slot[self_slot].account = below;
	assert_int_equal(accounts_open(ledger, 0, self_slot, &config, ACCOUNT_WHOLE), LEDGER_NONE);
	assert_int_equal(accounts_open_sibling(ledger, 0, self_slot), LEDGER_NONE);
	ledger_unlock(ledger, &mask);
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
		LEDGER_TEST(recycled_pid_is_told_apart),
		LEDGER_TEST(process_without_its_first_thread_keeps_what_it_holds),
		LEDGER_TEST(reservation_dies_with_its_maker_reaped_or_not),
		LEDGER_TEST(slot_reserved_by_another_thread_is_not_mine),
		LEDGER_TEST(process_limit_counts_reservations_and_forgets_the_dead),
		LEDGER_TEST(full_table_of_cells_is_a_refusal),
		LEDGER_TEST(cell_and_slot_that_come_free_are_used_again),
		LEDGER_TEST(full_table_of_slots_is_a_refusal),
		LEDGER_TEST(full_table_of_accounts_is_a_refusal),
		LEDGER_TEST(child_that_is_made_while_a_step_is_sent_is_owed_its_signal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
