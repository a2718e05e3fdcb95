/*
 * test_config.c - settings: defaults, tables, and what is read from the environment.
 *
 * SPDX-License-Identifier: MIT
 */
#include "reading_settings.h"

#include <signal.h>
#include <string.h>

#include "core/actions.h"

#define SECOND INT64_C(1000000000)

static void by_default_nothing_is_limited_and_nothing_recorded(void **state)
{
	struct config config;

	(void)state;
	config_defaults(&config);
	for (int i = 0; i < RL_LIMIT_COUNT; i++)
		assert_true(config.limit[i] == RL_UNLIMITED);
	assert_int_equal(config.grace_ns, SECOND);
	assert_int_equal(config.scope, RL_SCOPE_TREE);
	assert_int_equal(config.status_fd, -1);
	assert_null(config.status_file);
	assert_null(config.name);
	assert_null(config.log);
}

static void by_default_calls_are_denied_and_times_end_in_a_kill(void **state)
{
	struct config config;

	(void)state;
	config_defaults(&config);
	config_finish(&config);
	assert_int_equal(config.action[RL_MEM].count, 1);
	assert_int_equal(config.action[RL_MEM].step[0].signal, RL_STEP_DENY);
	assert_int_equal(config.action[RL_THREADS].step[0].signal, RL_STEP_DENY);
	assert_int_equal(config.action[RL_PROCS].step[0].signal, RL_STEP_DENY);
	assert_int_equal(config.action[RL_WALL].count, 2);
	assert_int_equal(config.action[RL_WALL].step[0].signal, SIGTERM);
	assert_int_equal(config.action[RL_WALL].step[0].delay_ns, SECOND);
	assert_int_equal(config.action[RL_WALL].step[1].signal, SIGKILL);
	assert_int_equal(config.action[RL_CPU].step[0].signal, SIGXCPU);
	assert_int_equal(config.action[RL_CPU].step[1].signal, SIGKILL);
	assert_int_equal(config.action[RL_RSS].step[0].delay_ns, 5 * SECOND);
	assert_int_equal(config.action[RL_IDLE].step[1].signal, SIGKILL);
}

static void every_default_action_in_the_tables_parses(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_variable_count; i++) {
		const struct config_variable *v = &config_variables[i];
		struct action action;
		char reason[128] = "";
		struct fmt why = FMT_INIT(reason);

		if (v->default_text[0] && action_parse(&action, v->default_text, strlen(v->default_text),
						       limit_is_deniable(v->limit), &why))
			fail_msg("%s: %s: %s", v->name, v->default_text, reason);
	}
}

static void every_row_of_the_tables_is_found_by_its_name_alone(void **state)
{
	(void)state;
	for (size_t i = 0; i < config_variable_count; i++) {
		const char *name = config_variables[i].name;

		assert_ptr_equal(config_find(name, strlen(name)), &config_variables[i]);
		assert_ptr_not_equal(config_find(name, strlen(name) - 1), &config_variables[i]);
		assert_true(strlen(config_variables[i].help) > 0);
		assert_true(strlen(config_variables[i].metavar) > 0);
		/* Each lies in its row, with its end. */
		assert_true(strnlen(name, sizeof(config_variables[i].name)) <
			    sizeof(config_variables[i].name));
		assert_true(strnlen(config_variables[i].help, sizeof(config_variables[i].help)) <
			    sizeof(config_variables[i].help));
	}
	assert_null(config_find("", 0));
	assert_null(config_find("mem", 3));
	assert_null(config_find("MEMORY", 6));
	assert_null(config_find("LEDGER", 6));
}

static void limits_are_read_from_the_environment(void **state)
{
	struct config config = read_good("RESLIMIT_MEM=64M", "RESLIMIT_WALL=1.5", "RESLIMIT_PROCS=0", 3);

	(void)state;
	assert_int_equal(config.limit[RL_MEM], 64 << 20);
	assert_int_equal(config.limit[RL_WALL], 1500000000);
	assert_int_equal(config.limit[RL_PROCS], 0);
	assert_true(config.limit[RL_CPU] == RL_UNLIMITED);
}

static void other_settings_are_read_from_the_environment(void **state)
{
	struct config config =
		read_good("RESLIMIT_SCOPE=process", "RESLIMIT_STATUS_FD=3", "RESLIMIT_NAME=a=b", 3);

	(void)state;
	assert_int_equal(config.scope, RL_SCOPE_PROCESS);
	assert_int_equal(config.status_fd, 3);
	assert_string_equal(config.name, "a=b");
	config = read_good("RESLIMIT_STATUS_FILE=/tmp/x.%p", "RESLIMIT_LOG=2", "RESLIMIT_SCOPE=tree", 3);
	assert_string_equal(config.status_file, "/tmp/x.%p");
	assert_string_equal(config.log, "2");
	assert_int_equal(config.scope, RL_SCOPE_TREE);
}

static void an_empty_value_counts_as_unset(void **state)
{
	struct config config = read_good("RESLIMIT_MEM=", "RESLIMIT_STATUS_FD=", "RESLIMIT_RSS=", 0);

	(void)state;
	assert_true(config.limit[RL_MEM] == RL_UNLIMITED);
	assert_int_equal(config.status_fd, -1);
}

static void variables_of_others_and_the_ledgers_are_left_alone(void **state)
{
	(void)state;
	read_good("RESLIMITS=1", "RESLIMIT_LEDGER=whatever", "XRESLIMIT_MEM=x", 0);
	read_good("RESLIMIT=1", "reslimit_mem=x", "RESLIMIT_NOEQUALS", 0);
}

static void the_grace_time_goes_into_steps_without_a_delay(void **state)
{
	struct config config =
		read_good("RESLIMIT_WALL_ACTION=INT,TERM:2s,KILL", "RESLIMIT_GRACE=3s", "A=", 2);

	(void)state;
	config_finish(&config);
	assert_int_equal(config.action[RL_WALL].step[0].delay_ns, 3 * SECOND);
	assert_int_equal(config.action[RL_WALL].step[1].delay_ns, 2 * SECOND);
	assert_int_equal(config.action[RL_CPU].step[0].delay_ns, 3 * SECOND);
}

static void of_two_entries_with_one_name_the_later_wins(void **state)
{
	struct config config = read_good("RESLIMIT_MEM=1M", "RESLIMIT_MEM=2M", "A=", 2);

	(void)state;
	assert_int_equal(config.limit[RL_MEM], 2 << 20);
}

static uint64_t hash_of(struct config config)
{
	config_finish(&config);
	return config.hash;
}

static void equal_settings_have_equal_hashes_and_others_do_not(void **state)
{
	char twin_name[] = "RESLIMIT_NAME=one";
	struct config one = read_good("RESLIMIT_MEM=1M", "RESLIMIT_NAME=one", "A=", 2);
	struct config twin = read_good(twin_name, "A=", "RESLIMIT_MEM=1024K", 2);
	struct config renamed = read_good("RESLIMIT_MEM=1M", "RESLIMIT_NAME=two", "A=", 2);
	struct config smaller = read_good("RESLIMIT_MEM=1K", "RESLIMIT_NAME=one", "A=", 2);
	struct config logged = read_good("RESLIMIT_MEM=1M", "RESLIMIT_LOG=one", "A=", 2);

	(void)state;
	assert_true(hash_of(one) == hash_of(twin));
	assert_true(hash_of(one) != hash_of(renamed));
	assert_true(hash_of(one) != hash_of(smaller));
	assert_true(hash_of(one) != hash_of(logged));
}

static void only_calls_that_take_something_can_be_denied(void **state)
{
	(void)state;
	assert_true(limit_is_deniable(RL_MEM));
	assert_true(limit_is_deniable(RL_THREADS));
	assert_true(limit_is_deniable(RL_PROCS));
	assert_false(limit_is_deniable(RL_WALL));
	assert_false(limit_is_deniable(RL_CPU));
	assert_false(limit_is_deniable(RL_RSS));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_default_nothing_is_limited_and_nothing_recorded),
		cmocka_unit_test(by_default_calls_are_denied_and_times_end_in_a_kill),
		cmocka_unit_test(every_default_action_in_the_tables_parses),
		cmocka_unit_test(every_row_of_the_tables_is_found_by_its_name_alone),
		cmocka_unit_test(limits_are_read_from_the_environment),
		cmocka_unit_test(other_settings_are_read_from_the_environment),
		cmocka_unit_test(an_empty_value_counts_as_unset),
		cmocka_unit_test(variables_of_others_and_the_ledgers_are_left_alone),
		cmocka_unit_test(the_grace_time_goes_into_steps_without_a_delay),
		cmocka_unit_test(of_two_entries_with_one_name_the_later_wins),
		cmocka_unit_test(equal_settings_have_equal_hashes_and_others_do_not),
		cmocka_unit_test(only_calls_that_take_something_can_be_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
