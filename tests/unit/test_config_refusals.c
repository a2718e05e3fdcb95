/*
 * test_config_refusals.c - settings that are refused: by name and value, with what to give instead.
 *
 * SPDX-License-Identifier: MIT
 */
#include "reading_settings.h"

#include <stdio.h>
#include <string.h>

#define SIZES	"whole bytes or a number with K, M, G or T, as in 256M"
#define TIMES	"seconds or a number with ns, us, ms, s, m or h, as in 1.5s"
#define UNKNOWN "unknown name, and a misspelt limit would be no limit; "

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

int main(void)
{
	const struct CMUnitTest tests[] = {
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
