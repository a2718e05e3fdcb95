/*
 * test_trace.c - the timeline's samples, from inside the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/resident.h"
#include "core/trace.h"

static char trace_file[] = "/tmp/reslimit-test-XXXXXX";

/* A budget of the test itself that is traced, its clock running. */
static struct account *begin_traced(void)
{
	struct config config = limits(RL_UNLIMITED, RL_UNLIMITED);
	struct account *a;
	int fd;

	memcpy(strrchr(trace_file, '-'), "-XXXXXX", 7);
	fd = mkstemp(trace_file);
	assert_true(fd >= 0);
	close(fd);
	config.trace = trace_file;
	a = begin_as(&config);
	accounts_start_clock(a, raw_clock_ns(CLOCK_MONOTONIC));
	return a;
}

static int remove_trace(void **state)
{
	unlink(trace_file);
	return end(state);
}

/* The number behind `key` in the last line of the file. */
static int64_t last_told(const char *key)
{
	char text[4096];
	FILE *file = fopen(trace_file, "re");
	const char *at, *found = NULL;

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	for (at = strstr(text, key); at; at = strstr(at + 1, key))
		found = at;
	assert_non_null(found);
	return strtoll(found + strlen(key), NULL, 10);
}

static void resident_memory_is_not_read_of_a_number_that_means_another_process(void **state)
{
	int64_t own = resident_of_self();

	(void)state;
	begin_traced();
	make_namesake();
	trace_sample(ledger, 0, self_slot, raw_clock_ns(CLOCK_MONOTONIC));
	assert_true(last_told("\"rss_bytes\":") >= own / 2);
	assert_true(last_told("\"rss_bytes\":") < own + own / 2);
	assert_int_equal(last_told("\"procs\":"), 1);
}

static void who_comes_second_takes_no_sample(void **state)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	const struct account *a = begin_traced();
	int64_t first_ns;
	struct stat st;

	(void)state;
	assert_int_equal(trace_sample(ledger, 0, self_slot, now_ns), now_ns + a->tick_ns);
	first_ns = last_told("\"t_ns\":");
	assert_int_equal(trace_sample(ledger, 0, self_slot, now_ns + 1), now_ns + a->tick_ns);
	assert_int_equal(last_told("\"t_ns\":"), first_ns);
	assert_int_equal(stat(trace_file, &st), 0);
	assert_true(st.st_size > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(resident_memory_is_not_read_of_a_number_that_means_another_process,
					  remove_trace),
		cmocka_unit_test_teardown(who_comes_second_takes_no_sample, remove_trace),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
