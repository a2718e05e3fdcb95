/*
 * test_config.c - settings: defaults, the environment, refusals and what they say.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/actions.h"
#include "core/attrs.h"
#include "core/config.h"

#define SECOND INT64_C(1000000000)

/* Reads an environment of up to three entries that must be good. */
static struct config read_good(const char *first, const char *second, const char *third, int expected_count)
{
	char *environment[] = {(char *)first, (char *)second, (char *)third, NULL};
	struct config config;
	char reason[512] = "";
	struct fmt why = FMT_INIT(reason);
	int count;

	config_defaults(&config);
	count = config_read_environ(&config, environment, &why);
	if (count < 0)
		fail_msg("refused: %s", reason);
	assert_int_equal(count, expected_count);
	return config;
}

/* Checks that an entry is refused, and with exactly these words. */
static void expect_refusal(const char *entry, const char *message)
{
	char *environment[] = {(char *)"PATH=/bin", (char *)entry, NULL};
	struct config config;
	char reason[512] = "";
	struct fmt why = FMT_INIT(reason);

	config_defaults(&config);
	if (config_read_environ(&config, environment, &why) != -EINVAL)
		fail_msg("'%s' was accepted", entry);
	assert_string_equal(reason, message);
	assert_false(why.truncated);
}

#define SIZES	"whole bytes or a number with K, M, G or T, as in 256M"
#define TIMES	"seconds or a number with ns, us, ms, s, m or h, as in 1.5s"
#define UNKNOWN "unknown name, and a misspelt limit would be no limit; "

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

static void bad_sizes_are_refused_by_name_value_and_remedy(void **state)
{
	(void)state;
	expect_refusal("RESLIMIT_MEM=12Q", "RESLIMIT_MEM=12Q: not a size; give " SIZES);
	expect_refusal("RESLIMIT_MEM=-1", "RESLIMIT_MEM=-1: not a size; give " SIZES);
	expect_refusal("RESLIMIT_MEM=1.5", "RESLIMIT_MEM=1.5: not a size; give " SIZES);
	expect_refusal("RESLIMIT_MEM= ", "RESLIMIT_MEM= : not a size; give " SIZES);
	expect_refusal("RESLIMIT_MEM=99999999999T",
		       "RESLIMIT_MEM=99999999999T: too large; give at most 2097151T");
}

/* What a refusal names as the most. */
static void the_largest_size_and_time_are_accepted(void **state)
{
	struct config config;
	char text[200];
	struct fmt why = FMT_INIT(text);

	(void)state;
	config_defaults(&config);
	assert_int_equal(config_set(&config, config_find("MEM", 3), "2097151T", &why), 0);
	assert_int_equal(config_set(&config, config_find("WALL", 4), "640511h", &why), 0);
	expect_refusal("RESLIMIT_MEM=2097152T", "RESLIMIT_MEM=2097152T: too large; give at most 2097151T");
	expect_refusal("RESLIMIT_WALL=640512h", "RESLIMIT_WALL=640512h: too large; give at most 640511h");
}

static void bad_times_are_refused_by_name_value_and_remedy(void **state)
{
	(void)state;
	expect_refusal("RESLIMIT_WALL=abc", "RESLIMIT_WALL=abc: not a time; give " TIMES);
	expect_refusal("RESLIMIT_CPU=1d", "RESLIMIT_CPU=1d: not a time; give " TIMES);
	expect_refusal("RESLIMIT_GRACE=-1", "RESLIMIT_GRACE=-1: not a time; give " TIMES);
	expect_refusal("RESLIMIT_WALL=99999999999h",
		       "RESLIMIT_WALL=99999999999h: too large; give at most 640511h");
}

static void bad_counts_and_descriptors_are_refused_by_name_value_and_remedy(void **state)
{
	(void)state;
	expect_refusal("RESLIMIT_PROCS=two", "RESLIMIT_PROCS=two: not a count; give a whole number, as in 4");
	expect_refusal("RESLIMIT_THREADS=1K",
		       "RESLIMIT_THREADS=1K: not a count; give a whole number, as in 4");
	expect_refusal("RESLIMIT_PROCS=2147483648",
		       "RESLIMIT_PROCS=2147483648: too large; give at most 2147483647");
	expect_refusal(
		"RESLIMIT_STATUS_FD=x",
		"RESLIMIT_STATUS_FD=x: not a descriptor; give the number of an open descriptor, as in 3");
	expect_refusal("RESLIMIT_STATUS_FD=2147483648",
		       "RESLIMIT_STATUS_FD=2147483648: too large; give at most 2147483647");
}

static void the_largest_count_and_descriptor_are_accepted(void **state)
{
	struct config config =
		read_good("RESLIMIT_PROCS=2147483647", "RESLIMIT_STATUS_FD=2147483647", "A=", 2);

	(void)state;
	assert_int_equal(config.limit[RL_PROCS], INT32_MAX);
	assert_int_equal(config.status_fd, INT32_MAX);
}

static void bad_scopes_are_refused(void **state)
{
	(void)state;
	expect_refusal("RESLIMIT_SCOPE=Tree", "RESLIMIT_SCOPE=Tree: not a scope; give tree or process");
	expect_refusal("RESLIMIT_SCOPE=tree ", "RESLIMIT_SCOPE=tree : not a scope; give tree or process");
}

static void contradictory_action_lists_are_refused(void **state)
{
	(void)state;
	expect_refusal("RESLIMIT_WALL_ACTION=deny",
		       "RESLIMIT_WALL_ACTION=deny: step 'deny' has no call to refuse here; it "
		       "is for mem, threads and procs");
	expect_refusal("RESLIMIT_MEM_ACTION=TERM,deny",
		       "RESLIMIT_MEM_ACTION=TERM,deny: step 'deny' must come first; put it there");
	expect_refusal("RESLIMIT_CPU_ACTION=KILL,TERM",
		       "RESLIMIT_CPU_ACTION=KILL,TERM: step 'KILL' ends the tree, and no step can follow it; "
		       "end the list there");
	expect_refusal(
		"RESLIMIT_CPU_ACTION=TERM:1s",
		"RESLIMIT_CPU_ACTION=TERM:1s: step 'TERM' has a delay but no step after it; give one, as "
		"in TERM:5s,KILL");
}

static void unknown_names_are_refused_and_the_nearest_named(void **state)
{
	(void)state;
	expect_refusal("RESLIMIT_MEMORY=1M", "RESLIMIT_MEMORY=1M: " UNKNOWN "did you mean RESLIMIT_MEM?");
	expect_refusal("RESLIMIT_STATUSFD=3",
		       "RESLIMIT_STATUSFD=3: " UNKNOWN "did you mean RESLIMIT_STATUS_FD?");
	expect_refusal("RESLIMIT_mem=1M", "RESLIMIT_mem=1M: " UNKNOWN "reslimit-env --help lists them");
	expect_refusal("RESLIMIT_=1", "RESLIMIT_=1: " UNKNOWN "reslimit-env --help lists them");
	expect_refusal("RESLIMIT_QUOTA=", "RESLIMIT_QUOTA=: " UNKNOWN "reslimit-env --help lists them");
	expect_refusal("RESLIMIT_LEDGERS=1", "RESLIMIT_LEDGERS=1: " UNKNOWN "reslimit-env --help lists them");
}

static void only_supported_names_are_suggested(void **state)
{
	(void)state;
	assert_null(config_nearest("FAILS", 5));
	assert_string_equal(config_nearest("MEM_GRWTH", 9)->name, "MEM_GROWTH");
}

static void settings_of_later_versions_are_refused_not_ignored(void **state)
{
	size_t refused = 0;

	(void)state;
	for (size_t i = 0; i < config_variable_count; i++) {
		char entry[80];
		char message[128];

		if (config_variables[i].supported)
			continue;
		snprintf(entry, sizeof(entry), "RESLIMIT_%s=1", config_variables[i].name);
		snprintf(message, sizeof(message), "%s: not supported yet; leave it out", entry);
		expect_refusal(entry, message);
		refused++;
	}
	assert_true(refused < config_variable_count);
}

static void texts_of_the_greatest_length_are_accepted_and_longer_ones_refused(void **state)
{
	const struct config_variable *name = config_find("NAME", 4);
	const struct config_variable *file = config_find("STATUS_FILE", 11);
	struct config config;
	char text[CONFIG_PATH_MAX + 2];
	char reason[128] = "";
	struct fmt why = FMT_INIT(reason);

	(void)state;
	config_defaults(&config);
	memset(text, 'x', sizeof(text));
	text[CONFIG_NAME_MAX] = '\0';
	assert_int_equal(config_set(&config, name, text, &why), 0);
	text[CONFIG_NAME_MAX] = 'x';
	text[CONFIG_NAME_MAX + 1] = '\0';
	assert_int_equal(config_set(&config, name, text, &why), -EINVAL);
	assert_string_equal(reason, "longer than 127 bytes; give a shorter one");
	text[CONFIG_NAME_MAX + 1] = 'x';
	text[CONFIG_PATH_MAX] = '\0';
	assert_int_equal(config_set(&config, file, text, &why), 0);
	text[CONFIG_PATH_MAX] = 'x';
	text[CONFIG_PATH_MAX + 1] = '\0';
	assert_int_equal(config_set(&config, file, text, &why), -EINVAL);
}

static void a_percent_sign_that_stands_for_nothing_is_refused(void **state)
{
	struct config config = read_good("RESLIMIT_STATUS_FILE=%%a%p%n%%", "A=", "B=", 1);

	(void)state;
	assert_string_equal(config.status_file, "%%a%p%n%%");
	expect_refusal("RESLIMIT_STATUS_FILE=x%d",
		       "RESLIMIT_STATUS_FILE=x%d: '%' with nothing it knows behind it; give "
		       "%p, %n or %%");
	expect_refusal("RESLIMIT_STATUS_FILE=%%%",
		       "RESLIMIT_STATUS_FILE=%%%: '%' with nothing it knows behind it; give "
		       "%p, %n or %%");
}

static void a_refusal_of_a_long_strange_value_is_one_short_line(void **state)
{
	char entry[600] = "RESLIMIT_MEM=\n\033";
	char *environment[] = {entry, NULL};
	struct config config;
	char reason[512] = "";
	struct fmt why = FMT_INIT(reason);

	(void)state;
	memset(entry + 15, 'y', sizeof(entry) - 16);
	config_defaults(&config);
	assert_int_equal(config_read_environ(&config, environment, &why), -EINVAL);
	assert_memory_equal(reason, "RESLIMIT_MEM=??yyy", 18);
	assert_null(strchr(reason, '\n'));
	assert_true(strlen(reason) < 256);
	assert_non_null(strstr(reason, ": not a size; give "));
}

static void the_first_bad_entry_is_the_one_named(void **state)
{
	char *environment[] = {(char *)"RESLIMIT_MEM=1M", (char *)"RESLIMIT_CPU=x", (char *)"RESLIMIT_WALL=y",
			       NULL};
	struct config config;
	char reason[256] = "";
	struct fmt why = FMT_INIT(reason);

	(void)state;
	config_defaults(&config);
	assert_int_equal(config_read_environ(&config, environment, &why), -EINVAL);
	assert_memory_equal(reason, "RESLIMIT_CPU=x: ", 16);
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
		cmocka_unit_test(bad_sizes_are_refused_by_name_value_and_remedy),
		cmocka_unit_test(the_largest_size_and_time_are_accepted),
		cmocka_unit_test(bad_times_are_refused_by_name_value_and_remedy),
		cmocka_unit_test(bad_counts_and_descriptors_are_refused_by_name_value_and_remedy),
		cmocka_unit_test(the_largest_count_and_descriptor_are_accepted),
		cmocka_unit_test(bad_scopes_are_refused),
		cmocka_unit_test(contradictory_action_lists_are_refused),
		cmocka_unit_test(unknown_names_are_refused_and_the_nearest_named),
		cmocka_unit_test(only_supported_names_are_suggested),
		cmocka_unit_test(settings_of_later_versions_are_refused_not_ignored),
		cmocka_unit_test(texts_of_the_greatest_length_are_accepted_and_longer_ones_refused),
		cmocka_unit_test(a_percent_sign_that_stands_for_nothing_is_refused),
		cmocka_unit_test(a_refusal_of_a_long_strange_value_is_one_short_line),
		cmocka_unit_test(the_first_bad_entry_is_the_one_named),
		cmocka_unit_test(of_two_entries_with_one_name_the_later_wins),
		cmocka_unit_test(equal_settings_have_equal_hashes_and_others_do_not),
		cmocka_unit_test(only_calls_that_take_something_can_be_denied),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
