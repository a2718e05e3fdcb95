/*
 * test_start.c - a library that is loaded without settings changes nothing; what a program sees of itself
 * stays.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

/* Both runs, with the same descriptors open: status and output must be equal. */
static void expect_the_same(const char *const set[], const char *const argv[])
{
	struct run *without = run_guarded(&(struct spec){.argv = argv, .bare = true});
	struct run *with = run_guarded(&(struct spec){.argv = argv, .set = set, .no_record = true});

	expect(with, with->status == without->status);
	expect(with, with->out_len == without->out_len && !memcmp(with->out, without->out, with->out_len));
	expect(with, with->err_len == without->err_len && !memcmp(with->err, without->err, with->err_len));
	run_free(without);
	run_free(with);
}

static void without_settings_a_program_runs_as_ever(void **state)
{
	(void)state;
	expect_the_same(NULL, ARGV("keep_block_on_refusal"));
	expect_the_same(NULL, ARGV("create_threads", "pthread", "5"));
	expect_the_same(NULL, ARGV("fork_children", "vfork", "5"));
	expect_the_same(NULL, ARGV("query_signals"));
	expect_the_same(NULL, ARGV("end_by", "segv"));
	expect_the_same(NULL, ARGV("/bin/echo", "hello"));
}

static void without_settings_there_is_no_ledger_and_no_record(void **state)
{
	struct run *r = run_guarded(&(struct spec){.argv = ARGV("print_ledger"), .no_record = true});

	(void)state;
	expect_exit(r, 0);
	expect(r, r->out_len == 0);
	expect(r, r->err_len == 0);
	run_free(r);
}

static void with_limits_there_is_a_ledger(void **state)
{
	struct run *r = guarded(SET("MEM=64M"), ARGV("print_ledger"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "ledger /");
	run_free(r);
}

static void limits_leave_what_a_program_sees_of_itself(void **state)
{
	(void)state;
	expect_the_same(SET("MEM=64M", "THREADS=9", "PROCS=9"), ARGV("print_self"));
	expect_the_same(SET("MEM=64M", "THREADS=9", "PROCS=9"), ARGV("query_signals"));
}

static void a_supervisor_leaves_the_program_its_priority_and_timers(void **state)
{
	static const char *const wrappers[] = {"", "nice -n 7", "chrt --batch 0"};
	const char *library = library_path(), *subject = subject_path("print_self");
	char tool[4096], command[4200];

	(void)state;
	snprintf(tool, sizeof(tool), "%.*s/reslimit", (int)(strrchr(library, '/') - library), library);
	for (size_t i = 0; i < sizeof(wrappers) / sizeof(*wrappers); i++) {
		struct run *without, *with;

		snprintf(command, sizeof(command), "%s \"$0\" turn", wrappers[i]);
		without = bare(ARGV("/bin/sh", "-c", command, subject));
		snprintf(command, sizeof(command), "%s \"$1\" run --wall 1h -- \"$0\" turn", wrappers[i]);
		with = bare(ARGV("/bin/sh", "-c", command, subject, tool));
		expect_exit(with, 0);
		expect(with, without->out_len > 0);
		expect_out(with, without->out);
		run_free(without);
		run_free(with);
	}
}

static void a_record_file_leaves_what_a_program_sees_of_its_signals(void **state)
{
	(void)state;
	expect_the_same(SET("MEM=64M", "WALL=1h", "STATUS_FILE=/dev/null"), ARGV("query_signals"));
}

static void generous_limits_change_no_output(void **state)
{
	const char *const *set = SET("MEM=1G", "THREADS=50", "PROCS=50", "WALL=1h", "CPU=1h");

	(void)state;
	expect_the_same(set, ARGV("keep_block_on_refusal"));
	expect_the_same(set, ARGV("create_threads", "thrd", "5"));
	expect_the_same(set, ARGV("fork_children", "fork", "5"));
	expect_the_same(set, ARGV("fork_children", "vfork", "5"));
	expect_the_same(set, ARGV("handle_signal", "11", "overflow"));
	expect_the_same(set, ARGV("/bin/sh", "-c", "echo $((1 + 2)) | cat; (exit 3); echo $?"));
}

static void a_shell_without_bash_finds_its_way(void **state)
{
	struct run *r =
		guarded(SET("MEM=64M", "PROCS=9"), ARGV("/bin/sh", "-c", "ls / >/dev/null && echo found"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "found\n");
	expect_verdict(r, "ok");
	run_free(r);
}

static void a_umask_that_forbids_everything_is_the_programs_own(void **state)
{
	/* Its children find the ledger. */
	struct run *r = bare(ARGV(
		"/bin/sh", "-c",
		"umask 777; LD_PRELOAD=$0 RESLIMIT_MEM=64M exec /bin/sh -c 'umask; /bin/echo found; exit 3'",
		library_path()));

	(void)state;
	expect_exit(r, 3);
	expect_out(r, "0777\nfound\n");
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_settings_a_program_runs_as_ever),
		cmocka_unit_test(without_settings_there_is_no_ledger_and_no_record),
		cmocka_unit_test(with_limits_there_is_a_ledger),
		cmocka_unit_test(limits_leave_what_a_program_sees_of_itself),
		cmocka_unit_test(a_supervisor_leaves_the_program_its_priority_and_timers),
		cmocka_unit_test(a_record_file_leaves_what_a_program_sees_of_its_signals),
		cmocka_unit_test(generous_limits_change_no_output),
		cmocka_unit_test(a_shell_without_bash_finds_its_way),
		cmocka_unit_test(a_umask_that_forbids_everything_is_the_programs_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
