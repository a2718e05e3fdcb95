/*
 * test_races.c - threads of several processes draw on one budget while processes are killed, under
 * ThreadSanitizer.
 *
 * Built with the core's sources and -fsanitize=thread. The sanitizer sees the
 * threads of one process; what processes do to each other is judged by the
 * sums. It does not see the additions to the own cell, which are single
 * instructions of assembly, nor membarrier: the model covers those.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include <sys/prctl.h>

#include "core/cputime.h"
#include "core/record_text.h"

enum { PROCESSES = 3, THREADS = 4, BUDGET = 4 << 20, BLOCKS = 16 };

static int64_t run_for_ns(void)
{
	const char *is_long = getenv("RL_LONG");

	return (is_long && *is_long ? 60 : 2) * INT64_C(1000000000);
}

struct worker {
	uint32_t slot;
	unsigned seed;
	int64_t until_ns;
};

static void resize(uint32_t slot, struct cell *cell, unsigned *seed)
{
	int64_t most = rand_r(seed) % 100000;

	cell_take_off(cell, most);
	if (!charge(slot, cell, most) && !cell_return_unused(cell, most))
		cells_settle_refund(ledger, slot, cell);
	cell_land(cell, most);
}

/* A thread's place is taken and given back, and its cell with it. */
static struct cell *begin_again(uint32_t slot, struct cell *cell)
{
	struct sweep sweep = {0};
	bool granted;
	uint64_t mask;

	do {
		ledger_lock(ledger, &mask);
		granted = slots_reserve_thread(ledger, slot, &sweep);
		if (granted) {
			cells_retire_locked(ledger, slot, cell);
			cell = cells_attach_locked(ledger, slot);
			slots_end_thread(ledger, slot);
		}
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
	return cell;
}

/* A process that is reserved and then cannot be made. */
static void fail_to_fork(uint32_t slot)
{
	uint32_t child;
	uint64_t mask;
	bool full;

	child = reserve(slot, &full);
	ledger_lock(ledger, &mask);
	slots_close(ledger, child);
	ledger_unlock(ledger, &mask);
	sweep_dead(ledger, SWEEP_ALL);
}

static void look(uint32_t slot)
{
	struct record_ending ending = {.exit_code = 0};
	static __thread char line[RECORD_MAX + 1];
	struct fmt f = FMT_INIT(line);
	uint64_t mask;

	ledger_lock(ledger, &mask);
	if (ledger->account[0].leased > BUDGET || cells_charged_to_account(ledger, 0) > BUDGET)
		_exit(3);
	cputime_of_account(ledger, 0, slot);
	record_text(&f, ledger, 0, &ending, "full");
	ledger_unlock(ledger, &mask);
	slots_count(ledger);
	slots_is_last(ledger, slot);
}

static void *work(void *arg)
{
	struct worker *w = arg;
	struct cell *cell = cells_attach(ledger, w->slot);
	int64_t block[BLOCKS] = {0};

	while (raw_clock_ns(CLOCK_MONOTONIC) < w->until_ns) {
		unsigned i = (unsigned)rand_r(&w->seed) % BLOCKS;

		refund(w->slot, cell, block[i]);
		block[i] = rand_r(&w->seed) % 200000;
		if (charge(w->slot, cell, block[i]))
			block[i] = 0;
		if (!i)
			resize(w->slot, cell, &w->seed);
		if (i == 1 && !(rand_r(&w->seed) % 16))
			cell = begin_again(w->slot, cell);
		if (i == 2 && !(rand_r(&w->seed) % 64))
			look(w->slot);
		if (i == 3 && !(rand_r(&w->seed) % 64))
			fail_to_fork(w->slot);
	}
	for (int i = 0; i < BLOCKS; i++)
		refund(w->slot, cell, block[i]);
	return NULL;
}

/* Who only looks on, while others come and go, never takes the lock and so is behind nobody. */
static void *look_on(void *arg)
{
	const struct worker *w = arg;

	while (raw_clock_ns(CLOCK_MONOTONIC) < w->until_ns) {
		slots_count(ledger);
		raw_sleep_ns(100000);
	}
	return NULL;
}

static void churn(uint32_t slot, void *until_ns)
{
	struct worker worker[THREADS];
	pthread_t thread[THREADS + 1];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	alarm(0);
	for (unsigned i = 0; i < THREADS; i++) {
		worker[i] = (struct worker){slot, (unsigned)getpid() * THREADS + i, *(int64_t *)until_ns};
		pthread_create(&thread[i], NULL, work, &worker[i]);
	}
	pthread_create(&thread[THREADS], NULL, look_on, &worker[0]);
	for (int i = 0; i <= THREADS; i++)
		pthread_join(thread[i], NULL);
	/* _exit() would leave out what the sanitizer has to say by its status. */
	exit(cells_charged(ledger, slot) ? 4 : 0);
}

static void threads_of_killed_and_living_processes_race_for_nothing(void **state)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + run_for_ns();
	pid_t pid[PROCESSES];
	uint32_t slot;
	unsigned seed = 1;

	(void)state;
	begin(BUDGET, RL_UNLIMITED);
	for (int i = 0; i < PROCESSES; i++)
		pid[i] = spawn(churn, &until_ns, &slot);
	while (raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		int i = rand_r(&seed) % PROCESSES, status;

		raw_sleep_ns(rand_r(&seed) % 50000000);
		kill(pid[i], SIGKILL);
		status = reap(pid[i]);
		assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
		pid[i] = spawn(churn, &until_ns, &slot);
	}
	for (int i = 0; i < PROCESSES; i++)
		assert_int_equal(reap(pid[i]), 0);
	sweep_dead(ledger, SWEEP_ALL);
	assert_int_equal(slots_count(ledger), 1);
	assert_int_equal(cells_charge_direct(ledger, self_slot, BUDGET), 0);
	expect_sums_are_exact();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(threads_of_killed_and_living_processes_race_for_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
