/*
 * test_capture.c - output by way of pipes: whole, apart, and without waiting for anybody.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tools/capture.h"

static char dir[] = "/tmp/reslimit-test-capture-XXXXXX";
static char described[512];
static pid_t grandchild; /* that "sleep" leaves behind */

static int64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static const char *path_of(const char *name)
{
	static char path[2][128];
	static int turn;

	turn = !turn;
	snprintf(path[turn], sizeof(path[turn]), "%s/%s", dir, name);
	return path[turn];
}

/* Runs a shell script with its output captured. Return: its wait status. */
static int capture_script(const struct capture_options *options, const char *script)
{
	struct capture c;
	struct fmt f = FMT_INIT(described);
	int status;
	pid_t pid;

	assert_int_equal(capture_open(&c, options), 0);
	pid = fork();
	if (!pid) {
		signal(SIGXFSZ, SIG_DFL);
		if (!capture_in_child(&c))
			execl("/bin/sh", "sh", "-c", script, (char *)NULL);
		_exit(127);
	}
	assert_int_equal(capture_start(&c, now_ns()), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	capture_finish(&c);
	memset(described, 0, sizeof(described));
	capture_describe(&c, &f);
	capture_free(&c);
	return status;
}

static char *content(const char *path, size_t *len)
{
	static char buffer[1 << 20];
	int fd = open(path, O_RDONLY);
	ssize_t got = read(fd, buffer, sizeof(buffer) - 1);

	assert_true(got >= 0);
	close(fd);
	buffer[got] = '\0';
	if (len)
		*len = (size_t)got;
	return buffer;
}

static void output_and_errors_go_to_files_of_their_own(void **state)
{
	char out[64], err[64];

	(void)state;
	snprintf(out, sizeof(out), "%s/both/stdout", dir);
	snprintf(err, sizeof(err), "%s/both/stderr", dir);
	assert_int_equal(capture_script(&(struct capture_options){.dir = path_of("both")},
					"echo to output; echo to errors >&2; exit 7"),
			 7 << 8);
	assert_string_equal(content(out, NULL), "to output\n");
	assert_string_equal(content(err, NULL), "to errors\n");
	assert_string_equal(described, "{\"stdout_bytes\":10,\"stdout_cut\":0,\"stdout_lost\":0,"
				       "\"stderr_bytes\":10,\"stderr_cut\":0,\"stderr_lost\":0}");
}

static void one_file_for_both_keeps_the_order(void **state)
{
	const char *path = path_of("one");

	(void)state;
	capture_script(&(struct capture_options){.out = path, .err = path},
		       "for i in 1 2 3; do echo out; echo err >&2; done");
	assert_string_equal(content(path, NULL), "out\nerr\nout\nerr\nout\nerr\n");
}

static void stamps_and_a_limit_work_together(void **state)
{
	const char *path = path_of("stamped");

	(void)state;
	capture_script(&(struct capture_options){.out = path, .stamps = true, .limit = "60"},
		       "for i in 1 2 3 4 5 6 7 8; do echo $i; done");
	/* 8 lines of 17 bytes: 136, of which 60 stay. */
	assert_non_null(strstr(content(path, NULL), "[reslimit: 76 bytes left out]\n"));
	assert_non_null(strstr(content(path, NULL), "] 1\n["));
	assert_non_null(strstr(described, "\"stdout_bytes\":16,\"stdout_cut\":76,\"stdout_lost\":0"));
}

static void a_full_disk_neither_stops_nor_kills_the_program(void **state)
{
	(void)state;
	assert_int_equal(capture_script(&(struct capture_options){.out = "/dev/full"},
					"head -c 3000000 /dev/zero && exit 3"),
			 3 << 8);
	assert_string_equal(
		described,
		"{\"stdout_bytes\":3000000,\"stdout_cut\":0,\"stdout_lost\":3000000,\"stdout_errno\":28}");
}

static void a_limit_on_file_sizes_loses_only_what_is_beyond(void **state)
{
	struct rlimit was, low;
	const char *path = path_of("limited");
	size_t len;

	(void)state;
	getrlimit(RLIMIT_FSIZE, &was);
	low = (struct rlimit){.rlim_cur = 100000, .rlim_max = was.rlim_max};
	setrlimit(RLIMIT_FSIZE, &low);
	assert_int_equal(
		capture_script(&(struct capture_options){.out = path}, "head -c 300000 /dev/zero && exit 3"),
		3 << 8);
	setrlimit(RLIMIT_FSIZE, &was);
	content(path, &len);
	assert_int_equal(len, 100000);
	assert_string_equal(
		described,
		"{\"stdout_bytes\":300000,\"stdout_cut\":0,\"stdout_lost\":200000,\"stdout_errno\":27}");
}

static void who_keeps_the_pipe_open_is_not_waited_for(void **state)
{
	const char *path = path_of("held");
	int64_t begun_ns = now_ns();
	char *text;

	(void)state;
	capture_script(&(struct capture_options){.out = path}, "sleep 30 & echo $!");
	assert_true(now_ns() - begun_ns < INT64_C(10000000000));
	text = content(path, NULL);
	grandchild = (pid_t)atoi(text);
	assert_true(grandchild > 1);
	assert_int_equal(kill(grandchild, SIGKILL), 0);
}

static void who_writes_on_for_ever_is_not_waited_for(void **state)
{
	const char *path = path_of("endless");
	const char *pid_path = path_of("endless-pid");
	int64_t begun_ns = now_ns();
	char script[256];

	(void)state;
	snprintf(script, sizeof(script), "yes & echo $! >%s; sleep 0.1", pid_path);
	capture_script(&(struct capture_options){.out = path, .limit = "1K"}, script);
	assert_true(now_ns() - begun_ns < INT64_C(10000000000));
	/* The reader is gone, so `yes` ends by itself. */
	grandchild = (pid_t)atoi(content(pid_path, NULL));
	assert_true(grandchild > 1);
	while (kill(grandchild, 0) == 0)
		usleep(1000);
}

static void every_byte_of_much_output_arrives(void **state)
{
	const char *path = path_of("much");
	char command[256];

	(void)state;
	capture_script(&(struct capture_options){.out = path}, "seq 1 3000000");
	snprintf(command, sizeof(command), "seq 1 3000000 | cmp - %s", path);
	assert_int_equal(system(command), 0);
	capture_script(&(struct capture_options){.out = path, .limit = "100M"}, "seq 1 3000000");
	assert_int_equal(system(command), 0);
	capture_script(&(struct capture_options){.out = path, .stamps = true}, "seq 1 300000");
	snprintf(command, sizeof(command),
		 "sed 's/^\\[ *[0-9]*\\.[0-9]\\{6\\}\\] //' %s >%s.bare; seq 1 300000 | cmp - %s.bare", path,
		 path, path);
	assert_int_equal(system(command), 0);
}

static void a_closed_standard_output_of_ours_is_no_obstacle(void **state)
{
	const char *path = path_of("closed");
	int saved = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 10);

	(void)state;
	close(STDOUT_FILENO);
	capture_script(&(struct capture_options){.out = path}, "echo here");
	dup2(saved, STDOUT_FILENO);
	close(saved);
	assert_string_equal(content(path, NULL), "here\n");
}

static int make_dir(void **state)
{
	(void)state;
	return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
	char command[128];

	(void)state;
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(output_and_errors_go_to_files_of_their_own),
		cmocka_unit_test(one_file_for_both_keeps_the_order),
		cmocka_unit_test(stamps_and_a_limit_work_together),
		cmocka_unit_test(a_full_disk_neither_stops_nor_kills_the_program),
		cmocka_unit_test(a_limit_on_file_sizes_loses_only_what_is_beyond),
		cmocka_unit_test(who_keeps_the_pipe_open_is_not_waited_for),
		cmocka_unit_test(who_writes_on_for_ever_is_not_waited_for),
		cmocka_unit_test(every_byte_of_much_output_arrives),
		cmocka_unit_test(a_closed_standard_output_of_ours_is_no_obstacle),
	};

	return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
