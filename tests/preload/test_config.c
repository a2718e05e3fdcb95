/*
 * test_config.c - settings that are wrong stop the program before main; those that are right do not.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Exit 125, one line that holds each of `parts`, and the program never ran. */
static void expect_refused(const char *setting, const char *accepted)
{
	struct run *r = guarded(SET(setting), ARGV("run_for_ever", "sleep"));
	char name[64], value[64];

	print_message("# %s\n", setting);
	snprintf(name, sizeof(name), "RESLIMIT_%.*s", (int)strcspn(setting, "="), setting);
	snprintf(value, sizeof(value), "%.40s", strchr(setting, '=') + 1);
	expect_no_start(r, name);
	expect_no_start(r, value);
	expect_no_start(r, accepted);
	run_free(r);
}

static void wrong_sizes_are_refused(void **state)
{
	static const char *const wrong[] = {"MEM=12Q", "MEM=-1",    "MEM=1.5", "MEM=abc", "MEM=1M ",
					    "MEM= 1M", "MEM=0x10",  "MEM=M",   "MEM=1m",  "MEM=1MiBs",
					    "MEM=+1M", "MEM=1,000", "MEM=1e6"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused(wrong[i], "256M");
}

static void sizes_beyond_64_bits_are_refused(void **state)
{
	(void)state;
	expect_refused("MEM=99999999999T", "too large");
	expect_refused("MEM=99999999999999999999999", "too large");
	expect_refused("MEM=8388608T", "too large");
}

static void wrong_times_are_refused(void **state)
{
	static const char *const wrong[] = {"WALL=abc", "WALL=-1", "WALL=1d", "WALL=1.",
					    "WALL=.",	"CPU=1 s", "CPU=1S",  "GRACE=soon"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused(wrong[i], "1.5s");
	expect_refused("WALL=99999999999999h", "too large");
}

static void wrong_counts_are_refused(void **state)
{
	static const char *const wrong[] = {"THREADS=two", "THREADS=-1", "PROCS=1.5", "PROCS=1K",
					    "PROCS=0x1"};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
		expect_refused(wrong[i], "whole number");
	expect_refused("PROCS=99999999999999999999", "too large");
}

static void wrong_words_are_refused(void **state)
{
	(void)state;
	expect_refused("SCOPE=thread", "tree or process");
	expect_refused("SCOPE=TREE", "tree or process");
	expect_refused("STATUS_FD=three", "descriptor");
	expect_refused("STATUS_FD=-1", "descriptor");
}

static void wrong_action_lists_are_refused(void **state)
{
	(void)state;
	expect_refused("WALL_ACTION=EXPLODE", "TERM:5s,KILL");
	expect_refused("WALL_ACTION=deny", "mem, threads and procs");
	expect_refused("WALL_ACTION=KILL,TERM", "follow");
	expect_refused("MEM_ACTION=TERM:1s,deny", "first");
	expect_refused("MEM_ACTION=TERM:xx,KILL", "TERM:5s,KILL");
	expect_refused("MEM_ACTION=TERM,,KILL", "TERM:5s,KILL");
	expect_refused("WALL_ACTION=STOP:1s,KILL", "stops the timer");
	expect_refused("SKIP_BLOCKED=yes", "0 or 1");
}

static void unknown_names_are_refused_with_the_nearest_one(void **state)
{
	(void)state;
	expect_refused("MEMORY=1M", "RESLIMIT_MEM");
	expect_refused("WAL=1s", "RESLIMIT_WALL");
	expect_refused("THREAD=1", "RESLIMIT_THREADS");
	expect_refused("mem=1M", "unknown");
	expect_refused("XYZZY=1", "unknown");
}

static void names_of_later_releases_are_refused_and_not_ignored(void **state)
{
	static const char *const later[] = {"STATUS_EACH=tree", "FAIL=malloc:nth=1"};

	(void)state;
	for (size_t i = 0; i < sizeof(later) / sizeof(*later); i++)
		expect_refused(later[i], "not supported yet");
}

static void empty_means_unset(void **state)
{
	struct run *r = guarded(SET("MEM=", "THREADS=", "WALL=", "RSS=", "MEM_ACTION=", "NAME="),
				ARGV("allocate_once", "50000000"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "granted\n");
	run_free(r);
}

static void every_unit_is_read(void **state)
{
	static const struct {
		const char *setting, *key;
		int64_t value;
	} rows[] = {
		{"MEM=10000000", "limits.mem_bytes", 10000000},
		{"MEM=20000K", "limits.mem_bytes", 20000 * KIB},
		{"MEM=20000KiB", "limits.mem_bytes", 20000 * KIB},
		{"MEM=16M", "limits.mem_bytes", 16 * MIB},
		{"MEM=16MB", "limits.mem_bytes", 16000000},
		{"MEM=2G", "limits.mem_bytes", 2048 * MIB},
		{"MEM=2T", "limits.mem_bytes", 2048 * 1024 * MIB},
		{"WALL=30", "limits.wall_ns", 30 * SEC},
		{"WALL=30.5", "limits.wall_ns", 30 * SEC + 500 * MS},
		{"WALL=30500ms", "limits.wall_ns", 30 * SEC + 500 * MS},
		{"WALL=30000000us", "limits.wall_ns", 30 * SEC},
		{"WALL=30000000000ns", "limits.wall_ns", 30 * SEC},
		{"WALL=1.5m", "limits.wall_ns", 90 * SEC},
		{"CPU=1h", "limits.cpu_ns", 3600 * SEC},
		{"THREADS=7", "limits.threads", 7},
		{"PROCS=0", "limits.procs", 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct run *r = guarded(SET(rows[i].setting), ARGV("end_by", "return", "0"));

		print_message("# %s\n", rows[i].setting);
		expect_exit(r, 0);
		expect(r, record_int(r, rows[i].key) == rows[i].value);
		run_free(r);
	}
}

static void a_limit_that_is_not_set_is_not_in_the_record(void **state)
{
	struct run *r = guarded(SET("THREADS=7"), ARGV("end_by", "return", "0"));

	(void)state;
	expect_record(r);
	expect(r, record_find(r, "limits.mem_bytes") == NULL);
	expect(r, record_find(r, "limits.wall_ns") == NULL);
	run_free(r);
}

static void a_wrong_value_with_odd_bytes_still_makes_one_line(void **state)
{
	struct run *r = guarded(SET("MEM=1\n2\033[31m\377"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_exit(r, EXIT_REFUSED_TO_START);
	expect(r, count_lines(r->err) == 1);
	expect(r, strchr(r->err, '\033') == NULL);
	run_free(r);
}

static void close_stderr(const void *unused)
{
	(void)unused;
	close(2);
}

static void a_wrong_value_is_refused_when_stderr_is_closed_too(void **state)
{
	struct run *r = run_guarded(&(struct spec){
		.set = SET("MEM=12Q"), .argv = ARGV("end_by", "return", "9"), .prepare = close_stderr});

	(void)state;
	expect_exit(r, EXIT_REFUSED_TO_START);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wrong_sizes_are_refused),
		cmocka_unit_test(sizes_beyond_64_bits_are_refused),
		cmocka_unit_test(wrong_times_are_refused),
		cmocka_unit_test(wrong_counts_are_refused),
		cmocka_unit_test(wrong_words_are_refused),
		cmocka_unit_test(wrong_action_lists_are_refused),
		cmocka_unit_test(unknown_names_are_refused_with_the_nearest_one),
		cmocka_unit_test(names_of_later_releases_are_refused_and_not_ignored),
		cmocka_unit_test(empty_means_unset),
		cmocka_unit_test(every_unit_is_read),
		cmocka_unit_test(a_limit_that_is_not_set_is_not_in_the_record),
		cmocka_unit_test(a_wrong_value_with_odd_bytes_still_makes_one_line),
		cmocka_unit_test(a_wrong_value_is_refused_when_stderr_is_closed_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
