/*
 * test_leftovers.c - what a tree leaves behind when it is over: nothing, or what the next start sweeps.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int files_of(pid_t pid)
{
	static const char *const places[] = {"/dev/shm", "/tmp", "/run"};
	char part[32];
	int found = 0;

	snprintf(part, sizeof(part), "-%d-", (int)pid);
	for (int i = 0; i < 3; i++) {
		DIR *dir = opendir(places[i]);
		struct dirent *entry;

		while (dir && (entry = readdir(dir)))
			found += !strncmp(entry->d_name, "reslimit-", 9) && strstr(entry->d_name, part);
		if (dir)
			closedir(dir);
	}
	return found;
}

static void no_file_is_left_behind_by_an_ordinary_end(void **state)
{
	struct run *r = guarded(SET("MEM=8M", "PROCS=5"), ARGV("fork_and_end", "3"));
	struct run *e = guarded(SET("MEM=8M"),
				ARGV("exec_by_name", "execv", "full", subject_path("allocate_once"), "9"));
	struct run *l = guarded(SET("WALL=50ms"), ARGV("spin_in_children", "2"));

	(void)state;
	expect_exit(r, 0);
	expect(r, files_of(r->pid) == 0);
	expect(e, files_of(e->pid) == 0);
	expect(l, files_of(l->pid) == 0);
	run_free(r);
	run_free(e);
	run_free(l);
}

/* How long other starts take to sweep what was left. Two at once may leave it to each other. */
static int64_t sweep_ns(pid_t pid)
{
	int64_t took_ns = 0;

	for (int starts = 0; starts < 50; starts++) {
		struct run *next = guarded(SET("MEM=8M"), ARGV("allocate_once", "9"));

		took_ns += next->tree_ns;
		run_free(next);
		if (!files_of(pid))
			return took_ns;
	}
	return INT64_MAX;
}

/* Who has just left its program for another holds the ledger, though nobody has it mapped; who has come does
 * not. */
static void an_exec_that_is_over_does_not_hold_the_ledger(void **state)
{
	static const char *const programs[] = {"exec '/nonexistent'; kill KILL => $$",
					       "exec $^X, '-e', 'kill KILL => $$'"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		bool is_soon = false;

		/* One that is held is swept after two seconds, which a busy machine may have let pass. */
		for (int tries = 0; tries < 5 && !is_soon; tries++) {
			struct run *r = guarded(SET("MEM=64M"), ARGV("/usr/bin/perl", "-e", programs[i]));

			expect_signal(r, SIGKILL);
			is_soon = sweep_ns(r->pid) < SEC;
			run_free(r);
		}
		assert_true(is_soon);
	}
}

static void an_exec_holds_the_ledger_for_a_while(void **state)
{
	bool is_soon = false;

	(void)state;
	for (int tries = 0; tries < 5 && !is_soon; tries++) {
		struct run *r = guarded(SET("MEM=8M"), ARGV("exec_by_name", "execv", "full",
							    subject_path("wait_unguarded"), "end"));
		struct run *next = guarded(SET("MEM=8M"), ARGV("allocate_once", "9"));

		is_soon = r->elapsed_ns + next->tree_ns < SEC;
		expect_exit(r, 0);
		expect(r, !is_soon || files_of(r->pid) == 1);
		run_free(r);
		run_free(next);
	}
}

static void a_failed_exec_keeps_the_ledger_to_itself(void **state)
{
	struct run *r;

	(void)state;
	if (geteuid())
		skip();
	r = guarded(SET("MEM=8M"), ARGV("exec_by_name", "execv", "other", "/nonexistent/program"));
	expect_exit(r, 1);
	expect(r, out_number(r, "kept") == 0);
	run_free(r);
}

static void what_sigkill_left_is_swept_by_a_later_start(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("end_by", "kill", "9"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect(r, sweep_ns(r->pid) != INT64_MAX);
	run_free(r);
}

/* Executed by the tree's last process, in a budget of its own: before the ledger is looked for, after, and in
 * it. */
static void who_is_refused_its_start_leaves_a_record_and_no_file(void **state)
{
	static const char *const settings[] = {"RESLIMIT_MEM=1x", "RESLIMIT_WATCH='Foo>3'",
					       "RESLIMIT_PLUGIN=/nonexistent.so"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		char line[128];
		struct run *r;

		snprintf(line, sizeof(line), "%s exec /bin/true", settings[i]);
		r = guarded(SET("MEM=20M"), ARGV("/bin/sh", "-c", line));
		expect_exit(r, EXIT_REFUSED_TO_START);
		expect_verdict(r, "exit");
		expect(r, record_int(r, "exit_code") == EXIT_REFUSED_TO_START);
		expect(r, record_int(r, "mem_end_bytes") == 0);
		/* Of the budget that was begun, not of the one that was not. */
		expect(r, strchr(r->record, '\n') == r->record + r->record_len - 1);
		expect(r, files_of(r->pid) == 0);
		run_free(r);
	}
}

/* It has told its reason; nothing of the program has run. */
static void who_is_refused_at_first_leaves_neither(void **state)
{
	struct run *r = guarded(SET("MEM=20M", "PLUGIN=/nonexistent.so"), ARGV("/bin/true"));

	(void)state;
	expect_exit(r, EXIT_REFUSED_TO_START);
	expect(r, r->record_len == 0);
	expect(r, files_of(r->pid) == 0);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_file_is_left_behind_by_an_ordinary_end),
		cmocka_unit_test(an_exec_that_is_over_does_not_hold_the_ledger),
		cmocka_unit_test(an_exec_holds_the_ledger_for_a_while),
		cmocka_unit_test(a_failed_exec_keeps_the_ledger_to_itself),
		cmocka_unit_test(what_sigkill_left_is_swept_by_a_later_start),
		cmocka_unit_test(who_is_refused_its_start_leaves_a_record_and_no_file),
		cmocka_unit_test(who_is_refused_at_first_leaves_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
