/*
 * test_exec.c - limits, deadline and ledger go through exec.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
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
	expect_ended_by(r, SIGTERM, "wall");
	expect(r, r->elapsed_ns >= 400 * MS);
	run_free(r);
}

static void the_cpu_limit_is_not_reset_by_exec(void **state)
{
	struct run *r = guarded(SET("CPU=300ms"), ARGV("exec_for_ever"));

	(void)state;
	expect_ended_by(r, SIGXCPU, "cpu");
	run_free(r);
}

static char log_path[300], pipe_path[300];

static bool has_taken_a_step(void)
{
	char *log = read_text(log_path);
	bool has = log && strstr(log, " step ");

	free(log);
	return has;
}

/* Once a step has begun, and the program has had time to execute itself, reads the record. Return: its
 * length. */
static void *read_late(void *record)
{
	static const struct timespec moment = {.tv_nsec = 1 * MS}, some_execs = {.tv_nsec = 70 * MS};
	ssize_t len = -1;
	int fd;

	for (int i = 0; i < 10000 && !has_taken_a_step(); i++)
		nanosleep(&moment, NULL);
	nanosleep(&some_execs, NULL);
	fd = open(pipe_path,
		  O_RDWR | O_NONBLOCK | O_CLOEXEC); /* stays open: it need not be there to be read */
	for (int i = 0; i < 300 && len <= 0; i++) {
		len = read(fd, record, PIPE_BUF);
		nanosleep(&moment, NULL);
	}
	close(fd);
	return NULL;
}

static int count_in_log(const char *text)
{
	char *log = read_text(log_path);
	int count = 0;

	for (const char *at = log; at && (at = strstr(at, text)); at++)
		count++;
	free(log);
	return count;
}

/* Its writer waits for who reads it, a fifth of a second, and the program goes on meanwhile. */
static void an_exec_does_not_break_off_the_record(void **state)
{
	static const char *const limits[] = {"WALL=200ms", "CPU=200ms"};
	static const int signals[] = {SIGTERM, SIGXCPU};
	char file[320], log[320];

	(void)state;
	snprintf(pipe_path, sizeof(pipe_path), "%s/pipe", scratch_dir());
	snprintf(log_path, sizeof(log_path), "%s/log", scratch_dir());
	snprintf(file, sizeof(file), "STATUS_FILE=%s", pipe_path);
	snprintf(log, sizeof(log), "LOG=%s", log_path);
	assert_return_code(mkfifo(pipe_path, 0600), errno);
	for (int i = 0; i < 2; i++) {
		char record[PIPE_BUF + 1] = "";
		pthread_t reader;
		struct run *r;

		print_message("# %s\n", limits[i]);
		unlink(log_path);
		assert_int_equal(pthread_create(&reader, NULL, read_late, record), 0);
		r = run_guarded(&(struct spec){
			.set = SET(limits[i], file, log), .argv = ARGV("exec_for_ever"), .no_record = true});
		pthread_join(reader, NULL);
		expect_signal(r, signals[i]);
		expect(r, count_in_log(" start ") == 1 && count_in_log(" end ") == 1);
		/* On a busy machine we come too late to read. */
		expect(r, strstr(record, "\"certain\":true") || count_in_log(" record lost ") == 1);
		run_free(r);
	}
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
		cmocka_unit_test(an_exec_does_not_break_off_the_record),
		cmocka_unit_test(python_children_with_closed_descriptors_keep_the_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
