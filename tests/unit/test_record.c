/*
 * test_record.c - the record and its verdict, from inside the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tree_of_one.h"

#include "core/record.h"
#include "core/record_text.h"

static char path[64];

/* A tree whose record goes to a file. */
static struct account *begin_with_file(void)
{
	struct account *a;

	begin(MIB, RL_UNLIMITED);
	a = &ledger->account[0];
	snprintf(path, sizeof(path), "/tmp/reslimit-test-record-%d", (int)getpid());
	unlink(path);
	strcpy(a->status_file, path);
	return a;
}

static int lines_written(void)
{
	char text[8192] = "";
	int lines = 0, fd = open(path, O_RDONLY | O_CLOEXEC);

	assert_true(fd >= 0);
	assert_true(read(fd, text, sizeof(text) - 1) > 0);
	close(fd);
	for (const char *at = text; (at = strchr(at, '\n')); at++)
		lines++;
	return lines;
}

/* The thread that exits, the handler of a signal in the middle of that, the watchdog: each may be first. */
static void whoever_comes_second_writes_no_record(void **state)
{
	struct record_ending exit_7 = {.exit_code = 7}, killed = {.signal = SIGKILL};

	(void)state;
	begin_with_file();
	assert_true(record_is_due(ledger, self_slot));
	record_process_end(ledger, self_slot, &exit_7);
	assert_false(record_is_due(ledger, self_slot));
	record_process_end(ledger, self_slot, &killed);
	assert_true(record_account_end(ledger, 0, &killed));
	assert_int_equal(lines_written(), 1);
	unlink(path);
}

static void a_kill_that_may_be_the_kernels_is_not_certain(void **state)
{
	static const struct {
		int signal;
		bool may_be_oom, was_oom, certain;
		const char *verdict;
	} cases[] = {
		{SIGKILL, false, false, true, "signal"},
		{SIGKILL, true, false, false, "signal"},
		{SIGKILL, true, true, false, "oserror"},
		{SIGTERM, true, false, true, "signal"},
	};

	(void)state;
	begin(MIB, RL_UNLIMITED);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct record_outside outside = {.may_be_oom = cases[i].may_be_oom,
						 .was_oom = cases[i].was_oom};
		struct record_ending ending = {.signal = cases[i].signal, .outside = &outside};
		bool certain;

		assert_string_equal(record_verdict(ledger, 0, &ending, &certain), cases[i].verdict);
		assert_int_equal(certain, cases[i].certain);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		LEDGER_TEST(whoever_comes_second_writes_no_record),
		LEDGER_TEST(a_kill_that_may_be_the_kernels_is_not_certain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
