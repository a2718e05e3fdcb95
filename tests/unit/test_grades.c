/*
 * test_grades.c - spikes above MEM, growth from main and the reserve, from inside the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/grades.h"
#include "core/meter.h"
#include "core/watchdog.h"

static void crossing_is_seen_to_the_byte_both_ways(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 1000 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	assert_false(is_above(a));
	assert_int_equal(charge(self_slot, cell, 1), 0);
	assert_true(is_above(a));
	assert_int_equal(charge(self_slot, cell, MIB - 1), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	refund(self_slot, cell, MIB - 1);
	assert_true(is_above(a));
	refund(self_slot, cell, 1);
	assert_false(is_above(a));
	assert_int_equal(charge(self_slot, cell, 1), 0);
	assert_true(is_above(a));
	assert_int_equal(a->spikes, 2);
}

/* Each of many cells with idle credit; frees in any of them must be seen, though it was idle before. */
static void free_in_any_idle_cell_crosses_back(void **state)
{
	struct account *a = begin_spiky(4 * MIB, 8 * MIB, 1000 * MS);
	struct cell *cells[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		cells[i] = cells_attach(ledger, self_slot);
		assert_int_equal(charge(self_slot, cells[i], 100 * KIB), 0);
	}
	for (int i = 1; i < 8; i++) {
		/* Up to the line and one byte above it; what idle cells hold does not count. */
		assert_int_equal(charge(self_slot, cells[0], 4 * MIB - 800 * KIB), 0);
		assert_false(is_above(a));
		assert_int_equal(charge(self_slot, cells[0], 1), 0);
		assert_true(is_above(a));
		refund(self_slot, cells[i], 1);
		assert_false(is_above(a));
		assert_int_equal(charge(self_slot, cells[i], 1), 0);
		assert_true(is_above(a));
		refund(self_slot, cells[0], 4 * MIB - 800 * KIB + 1);
		assert_false(is_above(a));
	}
}

/* Neither one that came during the spike nor one that held no credit when it began. */
static void cell_without_credit_hides_no_free(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 1000 * MS);
	struct cell *first = cells_attach(ledger, self_slot);
	struct cell *idle = cells_attach(ledger, self_slot);
	struct cell *late;

	(void)state;
	assert_int_equal(charge(self_slot, first, MIB + 10), 0);
	late = cells_attach(ledger, self_slot);
	refund(self_slot, late, 5);
	refund(self_slot, idle, 4);
	assert_true(is_above(a));
	refund(self_slot, late, 1);
	assert_false(is_above(a));
}

/* Its owner has given them back, and waits for a processor on its way to say so. */
static void bytes_on_their_way_back_are_no_breach(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, MS);
	struct cell *cell = cells_attach(ledger, self_slot);
	struct watchdog watchdog;

	(void)state;
	watchdog_init(&watchdog, ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, MIB + 1), 0);
	assert_false(cell_refund(cell, 1));
	assert_true(is_above(a));
	assert_int_equal(meter_mem(&watchdog, 0, atomic_load(&a->above_since_ns) + 2 * MS), INT64_MAX);
	assert_false(is_above(a));
	cells_settle_refund(ledger, self_slot, cell);
	assert_int_equal(a->spikes, 1);
}

static void spike_is_a_breach_when_its_time_is_over_and_not_before(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 500 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);
	struct watchdog watchdog;
	int64_t since;

	(void)state;
	watchdog_init(&watchdog, ledger, self_slot);
	assert_int_equal(meter_mem(&watchdog, 0, raw_clock_ns(CLOCK_MONOTONIC)), INT64_MAX);
	assert_int_equal(charge(self_slot, cell, MIB + 1), 0);
	since = atomic_load(&a->above_since_ns);
	assert_int_equal(grades_due_ns(ledger, 0), since + 500 * MS);
	assert_int_equal(meter_mem(&watchdog, 0, since + 499 * MS), since + 500 * MS);
	assert_int_equal(meter_mem(&watchdog, 0, since + 500 * MS), METER_REACHED);
	refund(self_slot, cell, 1);
	assert_int_equal(meter_mem(&watchdog, 0, since + 500 * MS), INT64_MAX);
}

static void when_the_time_is_over_mem_holds_until_it_is_kept_again(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 20 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB + 100), 0);
	while (raw_clock_ns(CLOCK_MONOTONIC) < atomic_load(&a->above_since_ns) + 20 * MS)
		;
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	refund(self_slot, cell, 100);
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	assert_true(is_above(a));
}

/* What a killed process held is not what keeps the sum above MEM. */
static void spike_of_a_killed_process_is_over(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 50 * MS);
	struct watchdog watchdog;
	int64_t since, held_bytes = MIB + 1;
	uint32_t slot;

	(void)state;
	watchdog_init(&watchdog, ledger, self_slot);
	assert_int_equal(reap(spawn(hold_and_die, &held_bytes, &slot)), SIGKILL);
	since = atomic_load(&a->above_since_ns);
	assert_int_not_equal(since, 0);
	assert_int_equal(meter_mem(&watchdog, 0, since + 60 * MS), INT64_MAX);
	assert_int_equal(a->leased, 0);
}

static void spike_leaves_the_outer_account_its_limit(void **state)
{
	struct config outer = spiky(4 * MIB, RL_UNLIMITED, CONFIG_UNSET);
	struct config inner = spiky(MIB, 8 * MIB, 1000 * MS);
	struct account *top = begin_as(&outer);
	struct cell *cell;
	uint64_t mask;

	(void)state;
	ledger_lock(ledger, &mask);
	ledger->slot[self_slot].account = accounts_open(ledger, 0, self_slot, &inner, ACCOUNT_WHOLE);
	ledger_unlock(ledger, &mask);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, 4 * MIB), 0);
	assert_true(is_above(&ledger->account[1]));
	assert_false(is_above(top));
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	assert_int_equal(top->leased, 4 * MIB);
	refund(self_slot, cell, 3 * MIB);
	assert_false(is_above(&ledger->account[1]));
}

static void reserve_opens_after_the_first_refusal_and_is_exact(void **state)
{
	struct config config = spiky(MIB, RL_UNLIMITED, CONFIG_UNSET);
	struct account *a;
	struct cell *cell;

	(void)state;
	config.reserve = 64 * KIB;
	a = begin_as(&config);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, MIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	deny(1);
	assert_int_equal(a->reserve_open, 1);
	assert_int_equal(charge(self_slot, cell, 64 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	deny(1);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	assert_int_equal(a->denied[RL_MEM], 2);
}

static void growth_counts_from_main_and_is_named_in_the_refusal(void **state)
{
	struct config config = spiky(RL_UNLIMITED, RL_UNLIMITED, CONFIG_UNSET);
	struct account *a;
	struct cell *cell;

	(void)state;
	config.limit[RL_MEM_GROWTH] = 10 * KIB;
	a = begin_as(&config);
	assert_int_equal(cells_charge_direct(ledger, self_slot, MIB), 0);
	grades_begin(a, MIB);
	cell = cells_attach(ledger, self_slot);
	assert_int_equal(charge(self_slot, cell, 10 * KIB), 0);
	assert_int_equal(charge(self_slot, cell, 1), -ENOMEM);
	deny(1);
	assert_int_equal(a->denied[RL_MEM_GROWTH], 1);
	assert_int_equal(a->denied[RL_MEM], 0);
	assert_int_equal(a->last_denied, RL_MEM_GROWTH + 1);
}

static void sums_and_the_crossing_survive_a_repair(void **state)
{
	struct account *a = begin_spiky(MIB, 2 * MIB, 1000 * MS);
	struct cell *cell = cells_attach(ledger, self_slot);
	uint64_t mask;

	(void)state;
	assert_int_equal(charge(self_slot, cell, MIB + 1), 0);
	ledger_lock(ledger, &mask);
	atomic_store(&a->above_since_ns, 0);
	accounts_recompute(ledger);
	ledger_unlock(ledger, &mask);
	assert_true(is_above(a));
	assert_int_equal(a->leased, MIB + 1);
}

/*
 * Threads at the line: each takes and gives at random, and now and then the
 * truth is compared: above MEM if and only if more than MEM is charged.
 */
enum { WORKERS = 4, ROUNDS = 20000 };
static _Atomic int64_t held[WORKERS];
static _Atomic int over_hard;
static pthread_barrier_t barrier;

static int64_t held_by_all(void)
{
	int64_t sum = 0;

	for (int i = 0; i < WORKERS; i++)
		sum += atomic_load(&held[i]);
	return sum;
}

static void *work(void *argument)
{
	int me = (int)(intptr_t)argument;
	unsigned int seed = (unsigned int)me + 1;
	struct cell *cell = cells_attach(ledger, self_slot);
	int64_t mine = 0;
	uint64_t mask;

	for (int round = 0; round < ROUNDS; round++) {
		int64_t n = rand_r(&seed) % (24 * KIB) + 1;

		if (mine >= n && rand_r(&seed) % 2) {
			mine -= n;
			refund(self_slot, cell, n);
		} else if (!charge(self_slot, cell, n)) {
			mine += n;
		}
		if (round % 500)
			continue;
		atomic_store(&held[me], mine);
		pthread_barrier_wait(&barrier);
		if (me == 0) {
			struct account *a = &ledger->account[0];
			int64_t sum = held_by_all();

			ledger_lock(ledger, &mask);
			if (sum > a->mem_hard || is_above(a) != (sum > a->limit[RL_MEM]) ||
			    (is_above(a) && a->leased != sum))
				atomic_fetch_add(&over_hard, 1);
			ledger_unlock(ledger, &mask);
		}
		pthread_barrier_wait(&barrier);
	}
	atomic_store(&held[me], mine);
	ledger_lock(ledger, &mask);
	cells_retire_locked(ledger, self_slot, cell);
	ledger_unlock(ledger, &mask);
	return NULL;
}

static void run_at_the_line(uint32_t fenced)
{
	struct account *a = begin_spiky(600 * KIB, 700 * KIB, INT64_C(3600000) * MS);
	pthread_t threads[WORKERS];

	atomic_store(&ledger->fenced, fenced);
	pthread_barrier_init(&barrier, NULL, WORKERS);
	for (intptr_t i = 0; i < WORKERS; i++)
		pthread_create(&threads[i], NULL, work, (void *)i);
	for (int i = 0; i < WORKERS; i++)
		pthread_join(threads[i], NULL);
	assert_int_equal(atomic_load(&over_hard), 0);
	assert_true(a->spikes > 10);
	assert_true(a->mem_peak <= a->mem_hard);
	assert_int_equal(a->leased, held_by_all());
}

static void threads_at_the_line_agree_with_the_truth(void **state)
{
	(void)state;
	run_at_the_line(0);
}

static void threads_without_membarrier_agree_with_the_truth(void **state)
{
	(void)state;
	run_at_the_line(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(crossing_is_seen_to_the_byte_both_ways),
		LEDGER_TEST(free_in_any_idle_cell_crosses_back),
		LEDGER_TEST(cell_without_credit_hides_no_free),
		LEDGER_TEST(bytes_on_their_way_back_are_no_breach),
		LEDGER_TEST(spike_is_a_breach_when_its_time_is_over_and_not_before),
		LEDGER_TEST(when_the_time_is_over_mem_holds_until_it_is_kept_again),
		LEDGER_TEST(spike_of_a_killed_process_is_over),
		LEDGER_TEST(spike_leaves_the_outer_account_its_limit),
		LEDGER_TEST(reserve_opens_after_the_first_refusal_and_is_exact),
		LEDGER_TEST(growth_counts_from_main_and_is_named_in_the_refusal),
		LEDGER_TEST(sums_and_the_crossing_survive_a_repair),
		LEDGER_TEST(threads_at_the_line_agree_with_the_truth),
		LEDGER_TEST(threads_without_membarrier_agree_with_the_truth),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
