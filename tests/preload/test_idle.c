/*
 * test_idle.c - time since the last progress: told by a call, or seen by output.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <fcntl.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* The last of the calls comes at 650 ms; a deadline of 600 ms that only looked for news would come at 1.8 s.
 */
#define ON "50", "700"

/* The kernel stamps files with the time of its last tick. */
#define FILES_DUE (1240 * MS)

static void a_program_that_does_not_get_on_is_ended(void **state)
{
	struct run *r = guarded_due(200 * MS, SET("IDLE=200ms"), ARGV("run_for_ever", "sleep"));
	struct run *s =
		guarded_due(500 * MS, SET("IDLE=400ms", "GRACE=100ms"), ARGV("run_for_ever", "spin", "15"));

	(void)state;
	expect_ended_by(r, SIGTERM, "idle");
	expect(r, record_int(r, "limits.idle_ns") == 200 * MS);
	expect_due(r, 200 * MS);
	expect_ended_by(s, SIGKILL, "idle");
	expect_due(s, 500 * MS);
	run_free(r);
	run_free(s);
}

static void progress_by_any_thread_or_child_moves_the_deadline(void **state)
{
	static const char *const ways[] = {"call", "thread", "child"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded_due(1250 * MS, SET("IDLE=600ms"), ARGV("make_progress", ways[i], ON));

		print_message("# %s\n", ways[i]);
		expect_verdict(r, "idle");
		expect_due(r, 1250 * MS);
		run_free(r);
	}
}

static void progress_survives_exec(void **state)
{
	char command[512];
	struct run *r;

	(void)state;
	snprintf(command, sizeof(command), "%s child 50 400 & sleep 0.4; exec sleep 9",
		 subject_path("make_progress"));
	r = guarded_due(950 * MS, SET("IDLE=600ms"), ARGV("/bin/sh", "-c", command));
	expect_verdict(r, "idle");
	expect_due(r, 950 * MS);
	run_free(r);
}

static void wall_time_caps_a_program_that_only_tells_progress(void **state)
{
	struct run *r = guarded_due(1500 * MS, SET("IDLE=1s", "WALL=1500ms"),
				    ARGV("make_progress", "thread", "20", "9000"));

	(void)state;
	expect_verdict(r, "wall");
	expect_due(r, 1500 * MS);
	run_free(r);
}

static void the_call_says_whether_anybody_hears(void **state)
{
	struct run *idle = guarded(SET("IDLE=9s"), ARGV("make_progress", "ask"));
	struct run *other = guarded(SET("WALL=9s"), ARGV("make_progress", "ask"));
	struct run *nobody = bare(ARGV("make_progress", "ask"));

	(void)state;
	expect_out(idle, "0 \n");
	expect_out(other, "-1 No such file or directory\n");
	expect_out(nobody, "-1 No such file or directory\n");
	run_free(idle);
	run_free(other);
	run_free(nobody);
}

static void output_is_progress_only_if_asked(void **state)
{
	static const char *const ways[] = {"out", "err"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *with = guarded_due(FILES_DUE, SET("IDLE=600ms", "IDLE_OUTPUT=1"),
					       ARGV("make_progress", ways[i], ON));
		struct run *without =
			guarded_due(600 * MS, SET("IDLE=600ms"), ARGV("make_progress", ways[i], ON));

		print_message("# %s\n", ways[i]);
		expect_verdict(with, "idle");
		expect_due(with, FILES_DUE);
		expect_verdict(without, "idle");
		expect_due(without, 600 * MS);
		run_free(with);
		run_free(without);
	}
}

static void write_to_files(const void *arg)
{
	const char *name = arg;

	for (int fd = 1; fd <= 2; fd++)
		if (dup2(open(name, O_WRONLY | O_CREAT | O_TRUNC, 0600), fd) < 0)
			_exit(96);
}

static void output_to_a_file_is_told_from_other_writes(void **state)
{
	char file[256];
	struct spec spec = {
		.set = SET("IDLE=600ms", "IDLE_OUTPUT=1"), .prepare = write_to_files, .arg = file};
	struct run *out, *away;

	(void)state;
	snprintf(file, sizeof(file), "%s/output", scratch_dir());
	spec.argv = ARGV("make_progress", "out", ON);
	out = run_between(&spec, 0, FILES_DUE + LATE);
	spec.argv = ARGV("make_progress", "away", ON);
	away = run_between(&spec, 0, 600 * MS + LATE);
	expect_verdict(out, "idle");
	expect_due(out, FILES_DUE);
	expect_verdict(away, "idle");
	expect_due(away, 600 * MS);
	run_free(out);
	run_free(away);
}

/* As files look after somebody has set the clock back; NFS servers have clocks of their own. */
static void write_to_dated_file(const void *arg)
{
	const struct timespec ahead[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + 3600}};

	write_to_files(arg);
	if (futimens(1, ahead))
		_exit(96);
}

static void a_date_still_to_come_is_no_progress(void **state)
{
	char file[256];
	struct spec spec = {.set = SET("IDLE=400ms", "IDLE_OUTPUT=1", "WALL=4s"),
			    .argv = ARGV("/bin/sleep", "20"),
			    .prepare = write_to_dated_file,
			    .arg = file};
	struct run *r;

	(void)state;
	snprintf(file, sizeof(file), "%s/dated", scratch_dir());
	r = run_between(&spec, 0, 400 * MS + LATE);
	expect_verdict(r, "idle");
	expect(r, step_ns(r, 0) >= 399 * MS && step_ns(r, 0) < 4 * SEC);
	run_free(r);
}

static void write_to_terminal(const void *arg)
{
	int terminal, master;

	(void)arg;
	if (openpty(&master, &terminal, NULL, NULL, NULL) || dup2(terminal, 1) < 0 || dup2(terminal, 2) < 0)
		_exit(96);
}

static void output_to_a_terminal_is_seen(void **state)
{
	struct run *r = run_between(&(struct spec){.set = SET("IDLE=600ms", "IDLE_OUTPUT=1"),
						   .argv = ARGV("make_progress", "out", ON),
						   .prepare = write_to_terminal},
				    0, FILES_DUE + LATE);

	(void)state;
	expect_verdict(r, "idle");
	expect_due(r, FILES_DUE);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_does_not_get_on_is_ended),
		cmocka_unit_test(progress_by_any_thread_or_child_moves_the_deadline),
		cmocka_unit_test(progress_survives_exec),
		cmocka_unit_test(wall_time_caps_a_program_that_only_tells_progress),
		cmocka_unit_test(the_call_says_whether_anybody_hears),
		cmocka_unit_test(output_is_progress_only_if_asked),
		cmocka_unit_test(output_to_a_file_is_told_from_other_writes),
		cmocka_unit_test(a_date_still_to_come_is_no_progress),
		cmocka_unit_test(output_to_a_terminal_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
