/*
 * test_leash.c - the supervisor's side of leashes that were sent: how many one look takes; and how a
 * member takes its own.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/leash.h"
#include "core/leash_socket.h"
#include "tools/supervisor_parts.h"

static long waiting_most(void)
{
	FILE *f = fopen("/proc/sys/net/core/somaxconn", "re");
	long most = 0;

	if (f && fscanf(f, "%ld", &most) != 1)
		most = 0;
	if (f)
		fclose(f);
	return most;
}

/* A supervisor of this very process. */
static void supervise(struct supervisor *s)
{
	begin(MIB, RL_UNLIMITED);
	*s = (struct supervisor){.ledger = ledger,
				 .account = ledger->slot[self_slot].account,
				 .own = ledger->slot[self_slot].account,
				 .slot = self_slot,
				 .child = getpid()};
	getrlimit(RLIMIT_NOFILE, &s->files);
	atomic_store(&ledger->account[s->own].supervisor, getpid());
	assert_int_equal(supervisor_make_leash(s), 0);
	supervisor_raise_leash(s);
	assert_true(s->leash_socket >= 0 && s->leash_listener >= 0);
}

static int take_rest(struct supervisor *s)
{
	uint32_t slot;
	pid_t sender;
	int leash, count = 0;

	for (; leash_socket_accept(s->leash_listener, &leash, &slot, &sender); count++) {
		assert_int_equal(sender, getpid());
		assert_int_equal(slot, self_slot);
		assert_true(leash >= 0);
		close(leash);
	}
	return count;
}

static void who_sends_without_end_does_not_hold_up_the_supervisor(void **state)
{
	enum { SENT = 1000, ONE_LOOK = 300 };
	struct supervisor s;
	int left;

	(void)state;
	if (waiting_most() < SENT)
		skip();
	supervise(&s);
	for (int i = 0; i < SENT; i++)
		leash_socket_send(ledger, &ledger->account[s.own], self_slot, s.leash_fd);
	supervisor_hold_members(&s);
	left = take_rest(&s);
	assert_in_range(left, SENT - 2 * ONE_LOOK, SENT - 1);
	/* None of those that one look took was lost, and none came twice. */
	assert_int_equal(s.leash[self_slot].pid, getpid());
	supervisor_drop_leash(&s);
}

static void the_door_has_no_name(void **state)
{
	struct supervisor s;
	char path[64], target[256];
	ssize_t len;

	(void)state;
	supervise(&s);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s.leash_door);
	len = readlink(path, target, sizeof(target) - 1);
	assert_true(len > 0);
	target[len] = '\0';
	assert_non_null(strstr(target, " (deleted)"));
	*strstr(target, " (deleted)") = '\0';
	assert_int_equal(access(target, F_OK), -1);
	supervisor_drop_leash(&s);
}

/* Taken in a child, who dies of it where it is cut. Return: wait status. */
static int take_in_child(void (*body)(void))
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(20);
		body();
		_exit(0);
	}
	return reap(pid);
}

static void expect(bool holds)
{
	if (!holds)
		_exit(1);
}

static void take_twice(void)
{
	int own = open("/dev/null", O_RDONLY | O_CLOEXEC), leash, again;
	struct stat before, after;

	fstat(own, &before);
	leash = leash_take(ledger, self_slot, own, false);
	fstat(own, &after);
	expect(leash >= 0 && leash != own && before.st_ino == after.st_ino &&
	       before.st_rdev == after.st_rdev);
	again = leash_take(ledger, self_slot, leash, false);
	expect(again == leash && fcntl(leash, F_GETSIG) == SIGKILL);
	/* Its own leash means something to a process whose supervisor has another number here. */
	slots_expect_namespaces(ledger);
	expect(leash_take(ledger, self_slot, own, false) == own);
}

static void leash_is_taken_again_where_it_was_but_over_nothing_of_the_programs(void **state)
{
	struct supervisor s;

	(void)state;
	supervise(&s);
	assert_int_equal(take_in_child(take_twice), 0);
	supervisor_drop_leash(&s);
}

static void take_once(void)
{
	expect(leash_take(ledger, self_slot, -1, false) >= 0);
}

static void take_none(void)
{
	expect(leash_take(ledger, self_slot, -1, false) == -1);
}

/* Its supervisor is gone, or about to be: that came before the kernel could tell. */
static void who_takes_a_leash_that_is_cut_dies_of_it(void **state)
{
	struct account *a;
	struct supervisor s;
	int cut[2];
	pid_t dead;

	(void)state;
	supervise(&s);
	a = &ledger->account[s.own];
	assert_int_equal(take_in_child(take_once), 0);
	assert_int_equal(pipe2(cut, O_CLOEXEC), 0);
	close(cut[1]);
	a->leash_fd = cut[0] + 1;
	assert_int_equal(take_in_child(take_once), SIGKILL);
	/* Out of reach, but alive. */
	a->leash_fd = 1 << 20;
	assert_int_equal(take_in_child(take_none), 0);
	dead = fork();
	if (dead == 0)
		_exit(0);
	await_death(dead);
	atomic_store(&a->supervisor, dead);
	assert_int_equal(take_in_child(take_none), SIGKILL);
	reap(dead);
	close(cut[0]);
	supervisor_drop_leash(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(who_sends_without_end_does_not_hold_up_the_supervisor, end),
		cmocka_unit_test_teardown(the_door_has_no_name, end),
		cmocka_unit_test_teardown(leash_is_taken_again_where_it_was_but_over_nothing_of_the_programs,
					  end),
		cmocka_unit_test_teardown(who_takes_a_leash_that_is_cut_dies_of_it, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
