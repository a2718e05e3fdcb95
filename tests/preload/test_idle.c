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
#include <unistd.h>

/* How late a busy machine of two processors may make us, and how much longer a program's sleeps take there.
 */
#define LATE (250 * MS)

static void a_program_that_does_not_get_on_is_ended(void **state)
{
	struct run *r = guarded(SET("IDLE=200ms"), ARGV("run_for_ever", "sleep"));
	struct run *s = guarded(SET("IDLE=200ms", "GRACE=100ms"), ARGV("run_for_ever", "spin", "15"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect_verdict(r, "idle");
	expect(r, record_bool(r, "certain"));
	expect(r, record_int(r, "limits.idle_ns") == 200 * MS);
	expect(r, r->elapsed_ns >= 200 * MS && r->elapsed_ns < 200 * MS + LATE);
	expect_signal(s, SIGKILL);
	expect_verdict(s, "idle");
	expect(s, s->elapsed_ns >= 300 * MS && s->elapsed_ns < 300 * MS + LATE);
	run_free(r);
	run_free(s);
}

static void progress_by_any_thread_or_child_moves_the_deadline(void **state)
{
	static const char *const ways[] = {"call", "thread", "child"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded(SET("IDLE=300ms"), ARGV("make_progress", ways[i], "50", "600"));

		print_message("# %s\n", ways[i]);
		expect_verdict(r, "idle");
		/* The last call comes at 550 ms; a deadline that only looked for news would come at 900. */
		expect(r, r->elapsed_ns >= 840 * MS && r->elapsed_ns < 850 * MS + LATE);
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
	r = guarded(SET("IDLE=300ms"), ARGV("/bin/sh", "-c", command));
	expect_verdict(r, "idle");
	expect(r, r->elapsed_ns >= 600 * MS && r->elapsed_ns < 700 * MS + LATE);
	run_free(r);
}

static void wall_time_caps_a_program_that_only_tells_progress(void **state)
{
	struct run *r =
		guarded(SET("IDLE=200ms", "WALL=500ms"), ARGV("make_progress", "thread", "20", "9000"));

	(void)state;
	expect_verdict(r, "wall");
	expect(r, r->elapsed_ns >= 500 * MS && r->elapsed_ns < 500 * MS + LATE);
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
		struct run *with = guarded(SET("IDLE=300ms", "IDLE_OUTPUT=1"),
					   ARGV("make_progress", ways[i], "50", "600"));
		struct run *without = guarded(SET("IDLE=300ms"), ARGV("make_progress", ways[i], "50", "600"));

		print_message("# %s\n", ways[i]);
		expect_verdict(with, "idle");
		expect(with, with->elapsed_ns >= 840 * MS && with->elapsed_ns < 890 * MS + LATE);
		expect_verdict(without, "idle");
		expect(without, without->elapsed_ns < 300 * MS + LATE);
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
		.set = SET("IDLE=300ms", "IDLE_OUTPUT=1"), .prepare = write_to_files, .arg = file};
	struct run *out, *away;

	(void)state;
	snprintf(file, sizeof(file), "%s/output", scratch_dir());
	spec.argv = ARGV("make_progress", "out", "50", "600");
	out = run_guarded(&spec);
	spec.argv = ARGV("make_progress", "away", "50", "600");
	away = run_guarded(&spec);
	expect_verdict(out, "idle");
	expect(out, out->elapsed_ns >= 840 * MS && out->elapsed_ns < 860 * MS + LATE);
	expect_verdict(away, "idle");
	expect(away, away->elapsed_ns < 300 * MS + LATE);
	run_free(out);
	run_free(away);
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
	struct run *r = run_guarded(&(struct spec){.set = SET("IDLE=300ms", "IDLE_OUTPUT=1"),
						   .argv = ARGV("make_progress", "out", "50", "600"),
						   .prepare = write_to_terminal});

	(void)state;
	expect_verdict(r, "idle");
	expect(r, r->elapsed_ns >= 840 * MS && r->elapsed_ns < 890 * MS + LATE);
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
		cmocka_unit_test(output_to_a_terminal_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
