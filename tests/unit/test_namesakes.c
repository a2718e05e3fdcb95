/*
 * test_namesakes.c - a member's number in its own pid namespace is not asked about where it means another.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/cputime.h"
#include "core/progress.h"

enum { ELSEWHERE = 4711 };

/* A member that has, in a namespace of its own, the number `inside`, and here `outside` if that is known. */
static uint32_t open_elsewhere(pid_t inside, pid_t outside)
{
	uint32_t slot;
	uint64_t mask;
	bool full;

	slot = reserve(self_slot, &full);
	ledger_lock(ledger, &mask);
	ledger->slot[slot].pid_namespace = ELSEWHERE;
	atomic_store(&ledger->slot[slot].outer_pid, outside);
	slots_bind(ledger, slot, inside);
	ledger_unlock(ledger, &mask);
	return slot;
}

static int64_t used_by(pid_t pid)
{
	return raw_clock_ns(raw_cpu_clock_of(pid));
}

static int64_t summed(uint32_t self)
{
	uint64_t mask;
	int64_t sum_ns;

	ledger_lock(ledger, &mask);
	ledger->account[0].cpu_summed_ns = ledger->account[0].cpu_sum_ns = 0;
	sum_ns = cputime_of_account(ledger, 0, self);
	ledger_unlock(ledger, &mask);
	return sum_ns;
}

static void burn(int64_t ns)
{
	int64_t until_ns = used_by(getpid()) + ns;

	while (used_by(getpid()) < until_ns)
		;
}

static void a_namesakes_processor_time_is_not_charged(void **state)
{
	int64_t outside_ns, inside_ns;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	burn(100000000);
	open_elsewhere(getpid(), 0);
	/* From outside, as a supervisor, and from within; what the processor gives us meanwhile is ours. */
	outside_ns = summed(LEDGER_NONE);
	assert_true(outside_ns >= 100000000);
	assert_true(outside_ns <= used_by(getpid()));
	inside_ns = summed(self_slot);
	assert_true(inside_ns <= used_by(getpid()));
}

static void processor_time_is_asked_for_by_the_number_that_is_known_here(void **state)
{
	(void)state;
	begin(MIB, RL_UNLIMITED);
	burn(100000000);
	open_elsewhere(1, getpid());
	/* As if it were one more of us. */
	assert_true(summed(LEDGER_NONE) >= 2 * INT64_C(100000000));
	assert_true(summed(self_slot) >= 2 * INT64_C(100000000));
}

static void the_output_of_a_namesake_is_no_progress(void **state)
{
	char path[] = "/tmp/reslimit-test-XXXXXX";
	int fd = mkstemp(path), out = dup(STDOUT_FILENO);
	int64_t began_ns, now_ns;

	(void)state;
	assert_true(fd >= 0 && out >= 0);
	unlink(path);
	begin(MIB, RL_UNLIMITED);
	ledger->slot[self_slot].pid_namespace = ELSEWHERE + 1;
	open_elsewhere(getpid(), 0);
	/* Long ago, however long this takes. */
	accounts_start_clock(ledger->account, raw_clock_ns(CLOCK_MONOTONIC) - INT64_C(100000000000));
	began_ns = progress_last_ns(ledger, 0);
	fflush(stdout);
	dup2(fd, STDOUT_FILENO);
	assert_int_equal(write(STDOUT_FILENO, "x", 1), 1);
	now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	progress_look_for_output(ledger, 0, LEDGER_NONE, now_ns);
	dup2(out, STDOUT_FILENO);
	assert_int_equal(progress_last_ns(ledger, 0), began_ns);
	/* But of one whose number here is known it is. */
	atomic_store(&ledger->slot[self_slot].outer_pid, getpid());
	dup2(fd, STDOUT_FILENO);
	progress_look_for_output(ledger, 0, LEDGER_NONE, now_ns);
	dup2(out, STDOUT_FILENO);
	assert_true(progress_last_ns(ledger, 0) > began_ns);
	close(fd);
	close(out);
}

/* The kernel gives a namespace the least number that is free, which is that of the one before. */
static void the_next_namespace_of_a_number_does_not_end_with_the_one_before(void **state)
{
	uint32_t dead_first, dead, first, member;
	int64_t none = 0;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(hold_and_die, &none, &first);
	reap(pid);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	dead_first = open_elsewhere(1, 0);
	dead = open_elsewhere(7, 0);
	first = open_elsewhere(1, getppid());
	member = open_elsewhere(7, 0);
	/* Not known before: a peak that would rise is looked into. */
	atomic_store(&ledger->slot[dead_first].outer_pid, pid);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->slot[dead_first].state, SLOT_FREE);
	assert_int_equal(ledger->slot[dead].state, SLOT_FREE);
	assert_int_equal(ledger->slot[first].state, SLOT_LIVE);
	assert_int_equal(ledger->slot[member].state, SLOT_LIVE);
	expect_sums_are_exact();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(a_namesakes_processor_time_is_not_charged),
		LEDGER_TEST(processor_time_is_asked_for_by_the_number_that_is_known_here),
		LEDGER_TEST(the_output_of_a_namesake_is_no_progress),
		LEDGER_TEST(the_next_namespace_of_a_number_does_not_end_with_the_one_before),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
