/*
 * test_status.c - the record arrives, whatever the program does with its descriptor or its file.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void a_status_file_is_appended_to_with_pid_and_name_in_its_name(void **state)
{
	char setting[4200], path[4096 - 64], *text;
	struct run *r;

	(void)state;
	snprintf(setting, sizeof(setting), "STATUS_FILE=%s/r-%%p-%%n-%%%%", scratch_dir());
	r = run_guarded(&(struct spec){.set = SET("MEM=64M", "NAME=a/b", setting),
				       .argv = ARGV("end_by", "exit", "3"),
				       .no_record = true});
	expect_exit(r, 3);
	snprintf(path, sizeof(path), "%s/r-%d-a_b-%%", scratch_dir(), (int)r->pid);
	text = read_text(path);
	if (!text)
		print_message("# no file %s\n", path);
	expect(r, text != NULL);
	expect(r, count_lines(text) == 1);
	free(text);
	run_free(r);
}

static void a_program_without_a_free_descriptor_leaves_its_record_in_the_file(void **state)
{
	char setting[4200], path[4096 - 64], *text;
	struct run *r;

	(void)state;
	snprintf(setting, sizeof(setting), "STATUS_FILE=%s/exhausted", scratch_dir());
	r = run_guarded(&(struct spec){
		.set = SET("MEM=64M", setting), .argv = ARGV("use_up_descriptors"), .no_record = true});
	expect_exit(r, 3);
	snprintf(path, sizeof(path), "%s/exhausted", scratch_dir());
	text = read_text(path);
	expect(r, text != NULL);
	expect(r, count_lines(text) == 1);
	free(text);
	run_free(r);
}

static void many_programs_share_one_status_file(void **state)
{
	char setting[4200], path[4096 - 64], *text, *line;
	struct run *r;
	int lines = 0;

	(void)state;
	snprintf(setting, sizeof(setting), "RESLIMIT_STATUS_FILE=%s/shared", scratch_dir());
	snprintf(path, sizeof(path), "LD_PRELOAD=%s", library_path());
	/* Each env(1) starts a tree of its own; they all end at about the same time. */
	r = run_guarded(
		&(struct spec){.bare = true,
			       .argv = ARGV("/bin/sh", "-c",
					    "i=0; while [ $i -lt 60 ]; do env \"$1\" \"$2\" RESLIMIT_MEM=64M "
					    "\"$3\" exit 3 & i=$((i + 1)); done; wait",
					    "sh", path, setting, subject_path("end_by"))});
	expect_exit(r, 0);
	snprintf(path, sizeof(path), "%s/shared", scratch_dir());
	text = read_text(path);
	expect(r, text != NULL);
	for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		json_t *json = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		lines++;
		expect(r, json != NULL);
		expect(r, json_integer_value(json_object_get(json, "exit_code")) == 3);
		json_decref(json);
	}
	if (lines != 60)
		print_message("# %d lines\n", lines);
	expect(r, lines == 60);
	free(text);
	run_free(r);
}

static void a_status_file_that_cannot_be_written_stops_the_start(void **state)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("MEM=64M", "STATUS_FILE=/nonexistent/record"),
						   .argv = ARGV("run_for_ever", "sleep"),
						   .no_record = true});

	(void)state;
	expect_no_start(r, "RESLIMIT_STATUS_FILE");
	run_free(r);
}

/* What stands at RECORD_FD when the program starts. */
static void close_record_fd(const void *unused)
{
	(void)unused;
	close(RECORD_FD);
}

static void put_at_record_fd(const void *path)
{
	dup2(open(path, O_RDONLY | O_CLOEXEC), RECORD_FD);
}

static int put_pipe(bool full, bool keep_reader)
{
	int end[2];
	char c[4096] = {0};

	if (pipe(end))
		_exit(97);
	dup2(end[1], RECORD_FD);
	close(end[1]);
	if (full) {
		fcntl(RECORD_FD, F_SETFL, O_NONBLOCK);
		while (write(RECORD_FD, c, sizeof(c)) > 0)
			;
		fcntl(RECORD_FD, F_SETFL, 0);
	}
	if (!keep_reader)
		close(end[0]);
	return end[0];
}

static void put_full_pipe(const void *unused)
{
	(void)unused;
	put_pipe(true, true);
}

static void put_pipe_without_reader(const void *unused)
{
	(void)unused;
	put_pipe(false, false);
}

static void expect_descriptor_refused(void (*prepare)(const void *), const void *arg)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("MEM=64M"),
						   .argv = ARGV("run_for_ever", "sleep"),
						   .prepare = prepare,
						   .arg = arg});

	expect_no_start(r, "RESLIMIT_STATUS_FD");
	run_free(r);
}

static void a_closed_status_descriptor_stops_the_start(void **state)
{
	(void)state;
	expect_descriptor_refused(close_record_fd, NULL);
}

static void a_read_only_status_descriptor_stops_the_start(void **state)
{
	(void)state;
	expect_descriptor_refused(put_at_record_fd, "/dev/null");
}

static void a_full_pipe_does_not_hang_or_change_the_end(void **state)
{
	struct run *r = run_guarded(&(struct spec){
		.set = SET("MEM=64M"), .argv = ARGV("end_by", "exit", "7"), .prepare = put_full_pipe});

	(void)state;
	expect_exit(r, 7);
	run_free(r);
	r = run_guarded(&(struct spec){
		.set = SET("WALL=100ms"), .argv = ARGV("run_for_ever", "spin"), .prepare = put_full_pipe});
	expect_signal(r, SIGTERM);
	run_free(r);
}

static void a_reader_that_went_away_kills_nobody(void **state)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("MEM=64M"),
						   .argv = ARGV("end_by", "exit", "7"),
						   .prepare = put_pipe_without_reader});

	(void)state;
	expect_exit(r, 7);
	run_free(r);
}

/* A named pipe in every place that takes a file. Return: its path. */
static const char *make_named_pipe(char set[4][4200])
{
	static const char *const names[] = {"STATUS_FILE", "LOG", "TRACE", "STACKS"};
	static char path[4096];

	snprintf(path, sizeof(path), "%s/pipe", scratch_dir());
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	for (int i = 0; i < 4; i++)
		snprintf(set[i], sizeof(set[i]), "%s=%s", names[i], path);
	return path;
}

static void a_named_pipe_that_nobody_reads_holds_nothing_up(void **state)
{
	static char set[4][4200];

	(void)state;
	make_named_pipe(set);
	for (int i = 0; i < 4; i++) {
		struct run *r = run_guarded(&(struct spec){.set = SET("MEM=1M", "WALL=200ms", set[i]),
							   .argv = ARGV("run_for_ever", "sleep"),
							   .no_record = true});

		print_message("# %s\n", set[i]);
		expect_signal(r, SIGTERM);
		expect(r, r->err_len == 0);
		run_free(r);
	}
}

static void a_named_pipe_brings_the_record_to_its_reader(void **state)
{
	static char set[4][4200];
	char text[4097];
	ssize_t len;
	struct run *r;
	int fd;

	(void)state;
	fd = open(make_named_pipe(set), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_true(fd >= 0);
	r = run_guarded(&(struct spec){
		.set = SET("MEM=1M", set[0]), .argv = ARGV("end_by", "exit", "7"), .no_record = true});
	expect_exit(r, 7);
	len = read(fd, text, sizeof(text) - 1);
	close(fd);
	expect(r, len > 0);
	text[len] = '\0';
	expect(r, strstr(text, "\"exit_code\":7") != NULL);
	run_free(r);
}

static void a_log_that_is_no_open_descriptor_stops_the_start(void **state)
{
	static const char *const fds[] = {"LOG=77", "LOG=4294967297", "LOG=99999999999999999999"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = run_guarded(&(struct spec){.set = SET("MEM=1M", fds[i]),
							   .argv = ARGV("end_by", "exit", "0"),
							   .no_record = true});

		print_message("# %s\n", fds[i]);
		expect_no_start(r, "not an open descriptor; open it for the program");
		run_free(r);
	}
}

static void a_name_still_to_be_completed_needs_a_directory_all_the_same(void **state)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("MEM=1M", "STATUS_FILE=/nonexistent-dir/%p"),
						   .argv = ARGV("end_by", "exit", "0"),
						   .no_record = true});

	(void)state;
	expect_no_start(r, "RESLIMIT_STATUS_FILE=/nonexistent-dir/%p: no such directory; make it first");
	run_free(r);
}

static void let_no_file_grow(const void *unused)
{
	(void)unused;
	if (setrlimit(RLIMIT_FSIZE, &(struct rlimit){0, 0}))
		_exit(77);
}

static void a_limit_on_file_sizes_is_told_in_one_line(void **state)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("MEM=1M"),
						   .argv = ARGV("end_by", "exit", "0"),
						   .prepare = let_no_file_grow,
						   .no_record = true});

	(void)state;
	expect_no_start(r, "ulimit -f");
	run_free(r);
}

static void the_record_arrives_when_the_program_closed_its_descriptor(void **state)
{
	static const char *const ways[] = {"close", "closeall"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("MEM=64M"), ARGV("use_status_fd", ways[i], "9"));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		expect_out(r, "done\n");
		if (i == 0) /* for who closes all the manual promises a file or nothing, and never harm */
			expect_verdict(r, "ok");
		run_free(r);
	}
}

static void the_lowest_descriptor_is_as_free_as_without_a_record(void **state)
{
	const char *const *argv = ARGV("/usr/bin/perl", "-e", "open F, '<', '/dev/null'; print fileno(F)");
	struct run *b = bare(argv), *g = guarded(SET("MEM=64M"), argv);

	(void)state;
	expect_exit(g, 0);
	expect(g, g->out_len > 0 && !strcmp(g->out, b->out));
	run_free(b);
	run_free(g);
}

static void the_record_never_lands_in_a_file_of_the_program(void **state)
{
	static const char *const ways[] = {"reuse", "reuseall"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		char path[4096], *text;
		struct run *r;

		snprintf(path, sizeof(path), "%s/mine-%d", scratch_dir(), i);
		r = guarded(SET("MEM=64M"), ARGV("use_status_fd", ways[i], "9", path));
		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		text = read_text(path);
		expect(r, text != NULL);
		expect(r, *text == 0);
		if (i == 0)
			expect_verdict(r, "ok");
		free(text);
		run_free(r);
	}
}

static void a_closed_descriptor_and_exec_still_bring_the_record(void **state)
{
	char command[4200];
	struct run *r;

	(void)state;
	snprintf(command, sizeof(command), "exec %d>&-; exec %s exit 3", RECORD_FD, subject_path("end_by"));
	r = guarded(SET("MEM=8M"), ARGV("/bin/sh", "-c", command));
	expect_exit(r, 3);
	expect_verdict(r, "exit");
	expect(r, record_int(r, "exit_code") == 3);
	run_free(r);
}

static void closing_everything_and_executing_still_brings_the_record(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("exec_by_name", "execv", "full",
						    subject_path("close_everything_then_exec"),
						    subject_path("end_by"), "exit"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_status_file_is_appended_to_with_pid_and_name_in_its_name),
		cmocka_unit_test(a_program_without_a_free_descriptor_leaves_its_record_in_the_file),
		cmocka_unit_test(many_programs_share_one_status_file),
		cmocka_unit_test(a_status_file_that_cannot_be_written_stops_the_start),
		cmocka_unit_test(a_closed_status_descriptor_stops_the_start),
		cmocka_unit_test(a_read_only_status_descriptor_stops_the_start),
		cmocka_unit_test(a_full_pipe_does_not_hang_or_change_the_end),
		cmocka_unit_test(a_reader_that_went_away_kills_nobody),
		cmocka_unit_test(a_named_pipe_that_nobody_reads_holds_nothing_up),
		cmocka_unit_test(a_named_pipe_brings_the_record_to_its_reader),
		cmocka_unit_test(a_log_that_is_no_open_descriptor_stops_the_start),
		cmocka_unit_test(a_name_still_to_be_completed_needs_a_directory_all_the_same),
		cmocka_unit_test(a_limit_on_file_sizes_is_told_in_one_line),
		cmocka_unit_test(the_record_arrives_when_the_program_closed_its_descriptor),
		cmocka_unit_test(the_lowest_descriptor_is_as_free_as_without_a_record),
		cmocka_unit_test(the_record_never_lands_in_a_file_of_the_program),
		cmocka_unit_test(a_closed_descriptor_and_exec_still_bring_the_record),
		cmocka_unit_test(closing_everything_and_executing_still_brings_the_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
