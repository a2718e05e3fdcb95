/*
 * test_sweep.c - the search for dead processes: what it finds, and that nobody waits for who is stopped in
 * it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include <sched.h>
#include <sys/ptrace.h>

#include "core/claims.h"

static void many_dead_are_found_at_one_limit(void **state)
{
	int64_t each = 10 * KIB;
	uint32_t slot;
	pid_t pid[60];

	(void)state;
	begin(MIB, 60);
	for (int i = 0; i < 60; i++)
		pid[i] = spawn(hold_and_die, &each, &slot);
	for (int i = 0; i < 60; i++)
		await_death(pid[i]);
	/* All of the budget is free, but it must be looked for. */
	assert_int_equal(ledger->account[0].leased, 60 * each);
	assert_int_equal(cells_charge_direct(ledger, self_slot, MIB), 0);
	assert_int_equal(slots_count(ledger), 1);
	for (int i = 0; i < 60; i++)
		reap(pid[i]);
	expect_sums_are_exact();
}

static void hold_until_told(uint32_t slot, void *arg)
{
	cells_charge_direct(ledger, slot, 10 * KIB);
	pause();
	(void)arg;
}

/* The clock of /proc is too coarse to tell the two apart, and the number says it. */
static void number_given_again_at_once_tells_that_the_first_is_dead(void **state)
{
	int64_t each = 10 * KIB;
	uint32_t dead, living;
	uint64_t mask;
	pid_t first, second;

	(void)state;
	begin(MIB, 60);
	first = spawn(hold_and_die, &each, &dead);
	waitid(P_PID, (id_t)first, &(siginfo_t){0}, WEXITED | WNOWAIT);
	second = spawn(hold_until_told, NULL, &living);
	while (ledger->account[0].leased < 2 * each)
		sched_yield();
	reap(first);
	/* As if it had been given the number of the first. */
	ledger_lock(ledger, &mask);
	atomic_store(&ledger->slot[dead].pid, second);
	ledger->slot[dead].born_ns = ledger->slot[living].born_ns - 1;
	ledger_unlock(ledger, &mask);
	assert_int_equal(slots_find(ledger, second, ledger->slot[living].born_ns), living);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->slot[dead].state, SLOT_FREE);
	assert_int_equal(ledger->slot[living].state, SLOT_LIVE);
	assert_int_equal(ledger->account[0].leased, each);
	expect_sums_are_exact();
	kill(second, SIGKILL);
	reap(second);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	expect_sums_are_exact();
}

static void place_of_a_dead_child_stays_its_makers_until_the_call_is_over(void **state)
{
	int64_t none = 0;
	uint32_t slot;
	uint64_t mask;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(hold_and_die, &none, &slot);
	ledger->slot[slot].claim = CLAIM_HELD;
	reap(pid);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->slot[slot].state, SLOT_RESERVED);
	assert_int_equal(ledger->account[0].procs, 2);
	ledger_lock(ledger, &mask);
	slots_bind(ledger, slot, pid);
	ledger_unlock(ledger, &mask);
	ledger->slot[slot].claim = CLAIM_NONE;
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->slot[slot].state, SLOT_FREE);
	expect_sums_are_exact();
}

/* The call is over: nobody will come for its place. */
static void place_of_a_dead_child_goes_with_its_maker(void **state)
{
	int64_t none = 0;
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(hold_and_die, &none, &slot);
	reap(pid);
	ledger->slot[slot].claim = CLAIM_HELD;
	ledger->slot[slot].creator = pid;
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(ledger->slot[slot].state, SLOT_FREE);
	expect_sums_are_exact();
}

static void number_of_another_namespace_is_not_looked_for_here(void **state)
{
	struct slot *s;
	uint32_t slot;
	pid_t pid;
	int64_t none = 0;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	s = make_namesake();
	pid = spawn(hold_and_die, &none, &slot);
	reap(pid);
	atomic_store(&s->pid, pid);
	assert_int_equal(sweep_dead(ledger, SWEEP_ALL), 1);
	assert_int_equal(s->state, SLOT_LIVE);
}

static void leave_and_wait(uint32_t slot, void *arg)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	slots_leave(ledger, slot);
	ledger_unlock(ledger, &mask);
	tell_ready(arg);
	pause();
}

/* That it leaves is no news as long as it has not left. */
static void who_takes_its_time_to_leave_is_looked_for_again(void **state)
{
	int64_t before_ns = raw_clock_ns(CLOCK_MONOTONIC);
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn_until_ready(leave_and_wait, &slot);
	assert_int_equal(sweep_dead(ledger, SWEEP_QUICK), 0);
	assert_int_equal(ledger->leaving, 1);
	kill(pid, SIGKILL);
	reap(pid);
	assert_int_equal(sweep_dead(ledger, SWEEP_QUICK), 1);
	assert_int_equal(ledger->leaving, 0);
	/* Only a look at all of them tells when they were looked at. */
	assert_int_equal(ledger->swept_ns, 0);
	sweep_dead(ledger, SWEEP_ALL);
	assert_true(atomic_load(&ledger->swept_ns) >= before_ns);
}

/* What is left of it in the kernel is a process still, and only /proc would tell. */
static void who_dies_without_a_word_is_missed_by_a_quick_look_once_it_is_reaped(void **state)
{
	int64_t none = 0;
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	assert_false(sweep_is_due_at_peak(ledger));
	pid = spawn(hold_and_die, &none, &slot);
	await_death(pid);
	assert_true(sweep_is_due_at_peak(ledger));
	assert_int_equal(sweep_dead(ledger, SWEEP_QUICK), 0);
	reap(pid);
	assert_true(sweep_is_due_at_peak(ledger));
	assert_int_equal(sweep_dead(ledger, SWEEP_QUICK), 1);
	assert_false(sweep_is_due_at_peak(ledger));
	expect_sums_are_exact();
}

/* What a maker gets without a look at anybody else, once its last child is `slot`. */
static uint32_t reserve_at_once(uint32_t slot)
{
	struct sweep sweep = {0};
	uint32_t index;
	uint64_t mask;
	bool full;

	ledger_lock(ledger, &mask);
	assert_int_equal(ledger->slot[self_slot].last_child, slot + 1);
	index = slots_reserve(ledger, self_slot, &sweep, &full);
	ledger_unlock(ledger, &mask);
	assert_int_equal(index == LEDGER_NONE, sweep.wished == SWEEP_QUICK);
	return index;
}

static void place_of_the_last_child_is_the_next_ones(void **state)
{
	int64_t none = 0;
	uint32_t slot, second;
	uint64_t mask;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(hold_and_die, &none, &slot);
	await_death(pid);
	assert_int_equal(reserve_at_once(slot), LEDGER_NONE);
	reap(pid);
	ledger->slot[slot].claim = CLAIM_HELD;
	assert_int_equal(reserve_at_once(slot), LEDGER_NONE);
	ledger->slot[slot].claim = CLAIM_NONE;
	ledger->account[0].trace[0] = '/';
	assert_int_equal(reserve_at_once(slot), LEDGER_NONE);
	ledger->account[0].trace[0] = '\0';
	ledger->slot[slot].creator = pid;
	assert_int_equal(reserve_at_once(slot), LEDGER_NONE);
	ledger->slot[slot].creator = getpid();
	second = reserve_at_once(slot);
	assert_int_equal(second, slot);
	assert_int_equal(ledger->account[0].procs_peak, 1);
	ledger_lock(ledger, &mask);
	slots_close(ledger, second);
	ledger_unlock(ledger, &mask);
	expect_sums_are_exact();
}

static void place_of_the_last_child_stays_where_numbers_mean_something_else(void **state)
{
	int64_t none = 0;
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	pid = spawn(hold_and_die, &none, &slot);
	reap(pid);
	atomic_store(&ledger->home_namespace, 4711);
	assert_int_not_equal(reserve_at_once(slot), slot);
	assert_int_equal(ledger->slot[slot].state, SLOT_LIVE);
	assert_int_equal(ledger->account[0].procs, 3);
}

static void in_a_crowd_a_quick_look_waits_for_one_in_64(void **state)
{
	(void)state;
	begin(MIB, RL_UNLIMITED);
	ledger->account[0].procs = 640;
	atomic_store(&ledger->changes_seen, atomic_load(&ledger->slots_changed) - 9);
	assert_false(sweep_is_due_at_peak(ledger));
	atomic_fetch_add(&ledger->slots_changed, 1);
	assert_true(sweep_is_due_at_peak(ledger));
	/* Numbers mean something else to those who have left the first namespace. */
	atomic_store(&ledger->home_namespace, 4711);
	assert_false(sweep_is_due_at_peak(ledger));
	atomic_store(&ledger->leaving, 1);
	assert_true(sweep_is_due_at_peak(ledger));
}

/* Somebody comes or goes between the wish and the look, and so on for ever. */
static void who_is_refused_looks_again_as_long_as_others_come_and_go_but_not_for_ever(void **state)
{
	struct sweep sweep = {0};
	int looks = 0;

	(void)state;
	begin(MIB, RL_UNLIMITED);
	while (looks < 10000 && sweep_wish(ledger, &sweep, SWEEP_ALL)) {
		atomic_fetch_add(&ledger->slots_changed, 1);
		assert_true(sweep_if_wished(ledger, &sweep));
		looks++;
	}
	assert_in_range(looks, 2, 1000);
	sweep = (struct sweep){0};
	assert_true(sweep_wish(ledger, &sweep, SWEEP_ALL));
	assert_true(sweep_if_wished(ledger, &sweep));
	assert_false(sweep_wish(ledger, &sweep, SWEEP_ALL));
	assert_false(sweep_if_wished(ledger, &sweep));
}

/* What a maker and a child do about an offered place in which somebody is. */
static void settle_claims(uint32_t slot)
{
	struct claims_child child = {.pid = getpid()};
	struct sweep sweep = {0};
	uint32_t place;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	place = slots_open(ledger, 0);
	ledger->slot[place].claim = CLAIM_HELD;
	slots_bind(ledger, place, getppid());
	ledger_unlock(ledger, &mask);
	for (int i = 0; i < 2; i++)
		do {
			ledger_lock(ledger, &mask);
			if (i)
				claims_settle(ledger, place, slot, getpid(), &child, &sweep);
			else
				claims_withdraw(ledger, place, getpid(), CLAIM_HELD, &sweep);
			claims_take(ledger, getpid(), 0);
			slots_find(ledger, getpid(), 1);
			ledger_unlock(ledger, &mask);
		} while (sweep_if_wished(ledger, &sweep));
}

/* What a member does at each of its limits; the dead one beside it makes it look. */
static void ask_at_the_limit(uint32_t slot, void *arg)
{
	struct sweep sweep = {0};
	uint64_t mask;
	bool full;

	(void)arg;
	ptrace(PTRACE_TRACEME, 0, 0, 0);
	raise(SIGSTOP);
	cells_charge_direct(ledger, slot, 2 * MIB);
	reserve(slot, &full);
	do {
		ledger_lock(ledger, &mask);
		slots_reserve_thread(ledger, slot, &sweep);
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
	slots_is_last(ledger, slot);
	settle_claims(slot);
}

/*
 * Stops the child at each of its system calls. What is stopped at an open() may stay so for as long
 * as somebody likes; if it held the lock, every other process would wait for it.
 */
static int count_opens_and_expect_the_lock_free(pid_t pid)
{
	int status, opens = 0;

	waitpid(pid, &status, 0);
	ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL);
	while (ptrace(PTRACE_SYSCALL, pid, 0, 0) == 0 && waitpid(pid, &status, 0) == pid &&
	       WIFSTOPPED(status)) {
		struct __ptrace_syscall_info info;

		if (WSTOPSIG(status) != (SIGTRAP | 0x80))
			continue;
		ptrace(PTRACE_GET_SYSCALL_INFO, pid, sizeof(info), &info);
		if (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != SYS_openat)
			continue;
		opens++;
		assert_int_equal(atomic_load(&ledger->lock), 0);
	}
	assert_true(WIFEXITED(status));
	return opens;
}

static void nobody_reads_files_under_the_lock(void **state)
{
	uint32_t slot;
	pid_t pid;

	(void)state;
	begin(MIB, 1);
	ledger->account[0].limit[RL_THREADS] = 0;
	pid = spawn(ask_at_the_limit, NULL, &slot);
	/* One look for bytes, one for a process, one for a thread, each at two processes; one at the end. */
	assert_in_range(count_opens_and_expect_the_lock_free(pid), 6, 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(many_dead_are_found_at_one_limit),
		LEDGER_TEST(number_given_again_at_once_tells_that_the_first_is_dead),
		LEDGER_TEST(place_of_a_dead_child_stays_its_makers_until_the_call_is_over),
		LEDGER_TEST(place_of_a_dead_child_goes_with_its_maker),
		LEDGER_TEST(number_of_another_namespace_is_not_looked_for_here),
		LEDGER_TEST(who_takes_its_time_to_leave_is_looked_for_again),
		LEDGER_TEST(who_dies_without_a_word_is_missed_by_a_quick_look_once_it_is_reaped),
		LEDGER_TEST(place_of_the_last_child_is_the_next_ones),
		LEDGER_TEST(place_of_the_last_child_stays_where_numbers_mean_something_else),
		LEDGER_TEST(in_a_crowd_a_quick_look_waits_for_one_in_64),
		LEDGER_TEST(who_is_refused_looks_again_as_long_as_others_come_and_go_but_not_for_ever),
		LEDGER_TEST(nobody_reads_files_under_the_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
