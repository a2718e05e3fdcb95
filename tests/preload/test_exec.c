/*
 * test_exec.c - limits, deadline and ledger go through exec; nothing is left behind.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Those that take an environment, then those that do not. */
static const char *const functions[] = {"execve", "execvpe", "execle", "fexecve", "execveat",
					"execv",  "execvp",  "execl",  "execlp"};
enum { WITH_ENVIRONMENT = 5, FUNCTIONS = 9 };

static void expect_limit_kept(struct run *r)
{
	expect_exit(r, 0);
	expect_out(r, "errno=12");
	expect(r, out_number(r, "bytes0") <= 8 * MIB);
	expect(r, out_number(r, "bytes0") > 7 * MIB);
	expect_record(r);
	expect(r, record_int(r, "denied.mem") == 1);
	run_free(r);
}

static void every_exec_function_keeps_the_limits(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++) {
		print_message("# %s\n", functions[i]);
		expect_limit_kept(
			guarded(SET("MEM=8M"), ARGV("exec_by_name", functions[i], "full",
						    subject_path("allocate_until_refused"), "10000")));
	}
}

static void a_cleared_environment_keeps_the_limits(void **state)
{
	(void)state;
	for (int i = 0; i < WITH_ENVIRONMENT; i++) {
		print_message("# %s\n", functions[i]);
		expect_limit_kept(
			guarded(SET("MEM=8M"), ARGV("exec_by_name", functions[i], "empty",
						    subject_path("allocate_until_refused"), "10000")));
	}
}

static void exec_errors_are_those_of_the_kernel(void **state)
{
	(void)state;
	for (int i = 0; i < FUNCTIONS; i++) {
		struct run *r;

		if (!strcmp(functions[i], "fexecve"))
			continue;
		print_message("# %s\n", functions[i]);
		r = guarded(SET("MEM=8M"),
			    ARGV("exec_by_name", functions[i], "full", "/nonexistent/program"));
		expect_exit(r, 1);
		expect_out(r, "errno=2\n");
		expect(r, out_number(r, "kept") == 0); /* what was to go along stays closed on the next */
		expect_record(r);
		expect(r, record_int(r, "exit_code") == 1);
		run_free(r);
		r = guarded(SET("MEM=8M"), ARGV("exec_by_name", functions[i], "full", "/"));
		expect_out(r, "errno=13\n");
		run_free(r);
	}
}

static void closing_every_descriptor_and_leaving_the_directory_keeps_the_limits(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("close_everything_then_exec",
						    subject_path("allocate_until_refused"), "10000"));

	(void)state;
	expect_limit_kept(r);
}

static void the_ledger_goes_through_exec_with_its_counts(void **state)
{
	/* Forks refused after the exec count the children made before it. */
	struct run *r =
		guarded(SET("PROCS=1"), ARGV("close_everything_then_exec", subject_path("try_to_fork"), "5"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "made=0 errno=11\n");
	expect_record(r);
	expect(r, record_int(r, "denied.procs") == 5);
	run_free(r);
}

static void exec_brings_one_record_at_the_end(void **state)
{
	struct run *r = guarded(SET("MEM=8M", "NAME=two programs"),
				ARGV("exec_by_name", "execv", "full", subject_path("end_by"), "exit", "4"));

	(void)state;
	expect_exit(r, 4);
	expect_verdict(r, "exit");
	expect(r, record_int(r, "exit_code") == 4);
	expect(r, record_int(r, "pid") == r->pid);
	expect(r, !strcmp(record_str(r, "name"), "two programs"));
	run_free(r);
}

static void exec_forgets_what_the_old_program_held(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("start_with_early_library"));
	int64_t held = out_number(r, "left");

	(void)state;
	run_free(r);
	r = guarded(SET("MEM=8M"),
		    ARGV("exec_by_name", "execv", "full", subject_path("start_with_early_library")));
	expect_exit(r, 0);
	expect(r, llabs(out_number(r, "left") - held) <= 20016);
	run_free(r);
}

/* 40 MiB are held by who executes, and 50 of 64 are asked for beside. */
static struct run *executed(const char *how, const char *program)
{
	return guarded(SET("MEM=64M", "PROCS=1"),
		       ARGV("exec_unguarded", how, program, "40000000", "50000000"));
}

static void an_unguarded_program_has_its_makers_place_and_not_its_bytes(void **state)
{
	static const char *const how[] = {"plain", "thread", "by_thread"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = executed(how[i], subject_path("wait_unguarded"));

		print_message("# %s\n", how[i]);
		expect_exit(r, 0);
		expect_out(r, "fits=1\nmade=0\nfits_then=1\nmade_then=1\n");
		expect(r, record_int(r, "denied.procs") == 1);
		expect(r, record_int(r, "mem_peak_bytes") < 64 * MIB);
		expect(r, record_int(r, "mem_end_bytes") < MIB);
		run_free(r);
	}
}

static void a_failed_exec_gives_nothing_back(void **state)
{
	struct run *r = executed("plain", "/nonexistent/program");
	struct run *s = executed("plain", scratch_dir());

	(void)state;
	expect_out(r, "fits=0\nmade=0\nfits_then=1\nmade_then=1\n");
	expect_out(s, "fits=0\nmade=0\nfits_then=1\nmade_then=1\n");
	run_free(r);
	run_free(s);
}

/* The task that shares it, which is counted too, still has it. */
static void memory_that_another_process_shares_stays_charged(void **state)
{
	struct run *r = guarded(SET("MEM=64M"), ARGV("exec_unguarded", "sharing",
						     subject_path("wait_unguarded"), "40000000", "50000000"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "fits=0\n");
	run_free(r);
}

static void a_kill_in_the_middle_of_an_exec_loses_nothing(void **state)
{
	struct run *r = executed("killed", subject_path("wait_unguarded"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "fit=100\n");
	expect(r, record_int(r, "mem_end_bytes") < MIB);
	run_free(r);
}

static void the_users_own_preload_is_kept(void **state)
{
	struct run *r = run_guarded(
		&(struct spec){.set = SET("MEM=8M"),
			       .preload = subject_path("libearly.so"),
			       .argv = ARGV("exec_by_name", "execv", "full", subject_path("print_environ"))});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "libreslimit_preload.so");
	expect_out(r, "libearly.so\n");
	run_free(r);
}

static void the_environment_given_to_exec_arrives_unchanged_beside_ours(void **state)
{
	struct run *r =
		guarded(SET("MEM=8M"), ARGV("exec_by_name", "execve", "own", subject_path("print_environ")));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "OWN=1\n");
	expect_out(r, "/nonexistent-own.so");
	expect_out(r, "libreslimit_preload.so");
	expect(r, strstr(r->out, "HOME=") == NULL);
	run_free(r);
}

static void the_wall_deadline_is_not_reset_by_exec(void **state)
{
	struct run *r = guarded(SET("WALL=400ms"), ARGV("exec_for_ever"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, r->elapsed_ns >= 400 * MS);
	expect_verdict(r, "wall");
	run_free(r);
}

static void the_cpu_limit_is_not_reset_by_exec(void **state)
{
	struct run *r = guarded(SET("CPU=300ms"), ARGV("exec_for_ever"));

	(void)state;
	expect_signal(r, SIGXCPU);
	expect_verdict(r, "cpu");
	run_free(r);
}

static void python_children_with_closed_descriptors_keep_the_limits(void **state)
{
	static const char script[] =
		"import subprocess, sys\n"
		"r = subprocess.run([sys.argv[1], '10000'], close_fds=True, env={}, stdout=subprocess.PIPE)\n"
		"print(r.stdout.decode())\n";
	const char *python = access("/usr/bin/python3", X_OK) ? NULL : "/usr/bin/python3";

	(void)state;
	if (!python)
		skip();
	struct run *r =
		guarded(SET("MEM=64M"), ARGV(python, "-c", script, subject_path("allocate_until_refused")));

	expect_exit(r, 0);
	expect_out(r, "errno=12");
	expect(r, out_number(r, "bytes0") < 64 * MIB);
	expect(r, out_number(r, "bytes0") > 40 * MIB);
	run_free(r);
}

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

static void what_sigkill_left_is_swept_by_the_next_start(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("end_by", "kill", "9"));
	struct run *next = guarded(SET("MEM=8M"), ARGV("allocate_once", "9"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect(r, files_of(r->pid) == 0);
	expect(next, files_of(next->pid) == 0);
	run_free(r);
	run_free(next);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_exec_function_keeps_the_limits),
		cmocka_unit_test(a_cleared_environment_keeps_the_limits),
		cmocka_unit_test(exec_errors_are_those_of_the_kernel),
		cmocka_unit_test(closing_every_descriptor_and_leaving_the_directory_keeps_the_limits),
		cmocka_unit_test(the_ledger_goes_through_exec_with_its_counts),
		cmocka_unit_test(exec_brings_one_record_at_the_end),
		cmocka_unit_test(exec_forgets_what_the_old_program_held),
		cmocka_unit_test(an_unguarded_program_has_its_makers_place_and_not_its_bytes),
		cmocka_unit_test(a_failed_exec_gives_nothing_back),
		cmocka_unit_test(memory_that_another_process_shares_stays_charged),
		cmocka_unit_test(a_kill_in_the_middle_of_an_exec_loses_nothing),
		cmocka_unit_test(the_users_own_preload_is_kept),
		cmocka_unit_test(the_environment_given_to_exec_arrives_unchanged_beside_ours),
		cmocka_unit_test(the_wall_deadline_is_not_reset_by_exec),
		cmocka_unit_test(the_cpu_limit_is_not_reset_by_exec),
		cmocka_unit_test(python_children_with_closed_descriptors_keep_the_limits),
		cmocka_unit_test(no_file_is_left_behind_by_an_ordinary_end),
		cmocka_unit_test(what_sigkill_left_is_swept_by_the_next_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
