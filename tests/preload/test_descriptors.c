/*
 * test_descriptors.c - paths, descriptors and limits on files stay the program's.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LOG_FD = 7, SPARE_FD = 8 };

static void expect_file(const struct run *r, const char *path, const char *text)
{
	char *got = read_text(path);

	if (!got || strcmp(got, text) != 0)
		print_message("# %s: '%s'\n", path, got ? got : "(none)");
	expect(r, got && !strcmp(got, text));
	free(got);
}

static void enter_scratch(const void *unused)
{
	(void)unused;
	if (chdir(scratch_dir()))
		_exit(126);
}

static void relative_paths_mean_one_file_in_every_directory(void **state)
{
	struct run *r;
	struct stat st;
	char script[2 * PATH_MAX], *text;

	(void)state;
	mkdir(scratch_path("sub"), 0700);
	snprintf(script, sizeof(script), "cd sub && '%s' 9; echo here=$?; cd /proc && '%s' 9; echo proc=$?",
		 subject_path("allocate_once"), subject_path("allocate_once"));
	r = run_guarded(&(struct spec){.argv = ARGV("/bin/sh", "-c", script),
				       .set = SET("MEM=8M", "STATUS_FILE=record", "LOG=log"),
				       .no_record = true,
				       .prepare = enter_scratch});
	expect_exit(r, 0);
	expect_out(r, "here=0\n");
	expect_out(r, "proc=0\n");
	expect(r, r->err_len == 0);
	text = read_text(scratch_path("record"));
	expect(r, text && count_lines(text) == 1);
	free(text);
	expect(r, stat(scratch_path("log"), &st) == 0);
	expect(r, stat(scratch_path("sub/record"), &st) < 0);
	expect(r, stat(scratch_path("sub/log"), &st) < 0);
	run_free(r);
}

static void open_spare(const void *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);

	if (fd < 0 || dup2(fd, SPARE_FD) != SPARE_FD)
		_exit(126);
	close(fd);
}

static void a_child_without_the_inherited_descriptor_of_a_path_runs(void **state)
{
	static const char *const settings[] = {"STATUS_FILE=/dev/fd/8", "LOG=/dev/fd/8"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char script[PATH_MAX + 32];
		struct run *r;

		print_message("# %s\n", settings[i]);
		snprintf(script, sizeof(script), "'%s' 9 8>&-; echo child=$?", subject_path("allocate_once"));
		r = run_guarded(&(struct spec){.argv = ARGV("/bin/sh", "-c", script),
					       .set = SET("MEM=8M", settings[i]),
					       .prepare = open_spare,
					       .arg = scratch_path("inherited")});
		expect_exit(r, 0);
		expect_out(r, "child=0\n");
		expect(r, r->err_len == 0);
		run_free(r);
	}
}

static void open_log(const void *path)
{
	int fd = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);

	if (fd < 0 || dup2(fd, LOG_FD) != LOG_FD)
		_exit(126);
	close(fd);
}

static void a_file_that_takes_the_number_of_the_log_gets_nothing_of_ours(void **state)
{
	static const char *const ways[] = {"return", "fork", "exec"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		char log[PATH_MAX], theirs[PATH_MAX], *text;
		struct run *r;

		print_message("# %s\n", ways[i]);
		snprintf(log, sizeof(log), "%s/log-%s", scratch_dir(), ways[i]);
		snprintf(theirs, sizeof(theirs), "%s/beside-log-%s", scratch_dir(), ways[i]);
		r = run_guarded(&(struct spec){.argv = ARGV("take_over_descriptor", ways[i], "7", theirs),
					       .set = SET("MEM=8M", "LOG=7"),
					       .prepare = open_log,
					       .arg = log});
		expect_exit(r, 0);
		expect_out(r, "refused=1\n");
		expect_file(r, theirs, "theirs\n");
		/* What was said before was said to the log. */
		text = read_text(log);
		expect(r, text && strstr(text, " start "));
		free(text);
		run_free(r);
	}
}

static void a_file_that_takes_the_number_of_the_record_gets_nothing_of_ours(void **state)
{
	static const char *const ways[] = {"return", "fork", "exec"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		char theirs[PATH_MAX];
		struct run *r;

		print_message("# %s\n", ways[i]);
		snprintf(theirs, sizeof(theirs), "%s/beside-record-%s", scratch_dir(), ways[i]);
		r = guarded(SET("MEM=8M"), ARGV("take_over_descriptor", ways[i], "9", theirs));
		expect_exit(r, 0);
		expect_file(r, theirs, "theirs\n");
		expect_record(r);
		run_free(r);
	}
}

static void each_exec_passes_on_one_descriptor(void **state)
{
	static const char *const times[] = {"0", "1", "3", "20"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = guarded(SET("MEM=8M"), ARGV("exec_again", times[i]));

		print_message("# %s\n", times[i]);
		expect_exit(r, 0);
		expect(r, out_number(r, "high") == 1);
		expect_record(r);
		run_free(r);
	}
}

static void limit_files(const void *limit)
{
	if (setrlimit(RLIMIT_FSIZE, limit))
		_exit(126);
}

static void a_soft_limit_on_file_sizes_stays_the_programs(void **state)
{
	static const struct rlimit soft = {1024000, RLIM_INFINITY};
	struct run *r = run_guarded(&(struct spec){.argv = ARGV("allocate_until_refused", "10000"),
						   .set = SET("MEM=8M"),
						   .prepare = limit_files,
						   .arg = &soft});
	struct run *self = run_guarded(&(struct spec){
		.argv = ARGV("print_self"), .set = SET("MEM=8M"), .prepare = limit_files, .arg = &soft});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "errno=12");
	expect(r, record_int(r, "denied.mem") == 1);
	expect_exit(self, 0);
	expect_out(self, "rlimit 1 fa000 ffffffffffffffff\n");
	run_free(r);
	run_free(self);
}

static void a_hard_limit_on_file_sizes_is_one_clear_line(void **state)
{
	static const struct rlimit hard = {1024000, 1024000};
	struct run *r = run_guarded(&(struct spec){.argv = ARGV("allocate_once", "9"),
						   .set = SET("MEM=8M"),
						   .prepare = limit_files,
						   .arg = &hard});

	(void)state;
	expect_no_start(r, "file sizes");
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(relative_paths_mean_one_file_in_every_directory),
		cmocka_unit_test(a_child_without_the_inherited_descriptor_of_a_path_runs),
		cmocka_unit_test(a_file_that_takes_the_number_of_the_log_gets_nothing_of_ours),
		cmocka_unit_test(a_file_that_takes_the_number_of_the_record_gets_nothing_of_ours),
		cmocka_unit_test(each_exec_passes_on_one_descriptor),
		cmocka_unit_test(a_soft_limit_on_file_sizes_stays_the_programs),
		cmocka_unit_test(a_hard_limit_on_file_sizes_is_one_clear_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
