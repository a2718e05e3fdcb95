/*
 * test_breach.c - the steps of a limit, from inside the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/breach.h"

#define SECOND INT64_C(1000000000)

/* A member that outlives every signal for as long as the test likes: it is dead, and nobody has asked for it.
 */
static void end_at_once(uint32_t slot, void *arg)
{
	(void)slot;
	(void)arg;
}

/* An account below the tree's, with that member alone: its signals hit nobody else. */
static uint32_t account_of_a_zombie(const struct config *config, pid_t *pid)
{
	uint32_t account, slot;
	uint64_t mask;

	begin(RL_UNLIMITED, RL_UNLIMITED);
	*pid = spawn(end_at_once, NULL, &slot);
	await_death(*pid);
	ledger_lock(ledger, &mask);
	account = accounts_open(ledger, 0, slot, config, ACCOUNT_WHOLE);
	ledger->slot[slot].account = account;
	ledger_unlock(ledger, &mask);
	assert_int_not_equal(account, LEDGER_NONE);
	ledger->account[account].supervisor = (uint32_t)getpid();
	return account;
}

static struct config with_steps(const char *steps)
{
	struct config config;
	char text[200];
	struct fmt why = FMT_INIT(text);

	config_defaults(&config);
	config.limit[RL_WALL] = SECOND;
	assert_int_equal(config_set(&config, config_find("WALL_ACTION", strlen("WALL_ACTION")), steps, &why),
			 0);
	config_finish(&config);
	return config;
}

static void a_limit_is_breached_once(void **state)
{
	struct config config = with_steps("TERM:1s,KILL");
	pid_t pid;
	uint32_t account = account_of_a_zombie(&config, &pid);

	(void)state;
	assert_true(breach_claim(ledger, account, RL_WALL, 5 * SECOND));
	assert_false(breach_claim(ledger, account, RL_CPU, 6 * SECOND));
	assert_int_equal(ledger->account[account].breach, RL_WALL + 1);
	assert_int_equal(ledger->account[account].breach_at_ns, 5 * SECOND);
	reap(pid);
}

static void steps_come_after_their_delays_and_kill_again_and_again_but_is_noted_once(void **state)
{
	struct config config = with_steps("TERM:1s,INT:2s,KILL");
	pid_t pid;
	uint32_t account = account_of_a_zombie(&config, &pid);
	const struct account *a = &ledger->account[account];
	/* At each time so many steps have been taken. */
	static const struct {
		int64_t at_ns;
		uint32_t taken;
	} looks[] = {{5 * SECOND, 1}, {6 * SECOND - 1, 1}, {6 * SECOND, 2}, {8 * SECOND - 1, 2},
		     {8 * SECOND, 3}, {9 * SECOND, 3},	   {10 * SECOND, 3}};

	(void)state;
	breach_claim(ledger, account, RL_WALL, 5 * SECOND);
	for (size_t i = 0; i < sizeof(looks) / sizeof(*looks); i++) {
		breach_carry_out(ledger, account, LEDGER_NONE, looks[i].at_ns);
		assert_int_equal(a->step_count, looks[i].taken);
		assert_int_equal(breach_is_killing(ledger, account), looks[i].at_ns >= 8 * SECOND);
	}
	assert_int_equal(a->step[0].signal, SIGTERM);
	assert_int_equal(a->step[1].signal, SIGINT);
	assert_int_equal(a->step[2].signal, SIGKILL);
	/* As long as somebody may be left it is sent again. */
	assert_in_range(a->next_step_ns, 10 * SECOND + 1, 11 * SECOND);
	assert_false(breach_is_killing(ledger, 0));
	reap(pid);
}

static void delays_that_add_up_to_more_than_there_is_do_not_wrap(void **state)
{
	struct config config =
		with_steps("CONT:640511h,CONT:640511h,CONT:640511h,CONT:640511h,CONT:640511h,KILL");
	pid_t pid;
	uint32_t account = account_of_a_zombie(&config, &pid);

	(void)state;
	assert_int_equal(breach_delays_ns(&ledger->account[account], RL_WALL), RL_LIMIT_MAX);
	reap(pid);
}

static void a_list_that_does_not_end_with_kill_is_over(void **state)
{
	struct config config = with_steps("TERM:1s,INT");
	pid_t pid;
	uint32_t account = account_of_a_zombie(&config, &pid);
	const struct account *a = &ledger->account[account];

	(void)state;
	assert_int_equal(breach_delays_ns(a, RL_WALL), -1);
	breach_claim(ledger, account, RL_WALL, 5 * SECOND);
	for (int64_t at_ns = 5 * SECOND; at_ns < 20 * SECOND; at_ns += SECOND)
		breach_carry_out(ledger, account, LEDGER_NONE, at_ns);
	assert_int_equal(a->step_count, 2);
	assert_int_equal(a->next_step_ns, INT64_MAX);
	reap(pid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(a_limit_is_breached_once),
		LEDGER_TEST(steps_come_after_their_delays_and_kill_again_and_again_but_is_noted_once),
		LEDGER_TEST(delays_that_add_up_to_more_than_there_is_do_not_wrap),
		LEDGER_TEST(a_list_that_does_not_end_with_kill_is_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
