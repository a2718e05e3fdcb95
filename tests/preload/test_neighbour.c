/*
 * test_neighbour.c - what one process, program or file does leaves its neighbours alone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LOG_FD = 7, SPARE_FD = 8 };

static const char *in_scratch(const char *name)
{
	static char ring[4][PATH_MAX];
	static unsigned int next;
	char *path = ring[next++ % 4];

	snprintf(path, PATH_MAX, "%s/%s", scratch_dir(), name);
	return path;
}

static void expect_file(const struct run *r, const char *path, const char *text)
{
	char *got = read_text(path);

	if (!got || strcmp(got, text) != 0)
		print_message("# %s: '%s'\n", path, got ? got : "(none)");
	expect(r, got && !strcmp(got, text));
	free(got);
}

/* Budgets */

static void a_child_without_room_leaves_the_tree_its_budget(void **state)
{
	struct run *r = guarded(SET("MEM=10M"),
				ARGV("run_children_when_full", subject_path("start_with_early_library"),
				     subject_path("allocate_until_refused"), "10000"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "first") == EXIT_REFUSED_TO_START);
	expect(r, out_number(r, "ledger") == 1);
	expect(r, out_number(r, "second") == 0);
	expect(r, out_number(r, "held") + out_number(r, "bytes0") <= 10 * MIB);
	expect(r, out_number(r, "bytes0") > 3 * MIB);
	expect_record(r);
	run_free(r);
}

static void a_forked_thread_gives_back_no_place_but_its_own(void **state)
{
	static const char *const limits[] = {"THREADS=3", "THREADS=5"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET(limits[i]), ARGV("fork_in_thread", "20"));
		int64_t limit = strtoll(strchr(limits[i], '=') + 1, NULL, 10);

		expect_exit(r, 0);
		expect_out(r, "status=0\n");
		/* The thread that forked and the child's second take one each. */
		expect(r, out_number(r, "child") == limit - 2);
		expect(r, out_number(r, "parent") == limit);
		expect(r, record_int(r, "threads_peak") == limit);
		run_free(r);
	}
}

static void a_block_resized_to_nothing_at_the_limit_is_freed(void **state)
{
	struct run *r = guarded(SET("MEM=4M"), ARGV("ask_for_extremes", "realloc_zero"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "null=1\nagain=1\n");
	run_free(r);
}

static void a_resize_beyond_any_machine_is_a_refusal_of_the_budget(void **state)
{
	struct run *r = guarded(SET("MEM=64M"), ARGV("ask_for_extremes", "realloc_huge"));

	(void)state;
	expect_exit(r, 1);
	expect_out(r, "null=1 errno=12 usable=1\n");
	expect_verdict(r, "mem");
	expect(r, record_int(r, "denied.mem") == 1);
	expect(r, record_int(r, "mem_peak_bytes") < 64 * MIB);
	run_free(r);
}

static void what_no_machine_grants_is_not_refused_in_the_name_of_a_budget(void **state)
{
	static const char *const ways[] = {"malloc_huge", "realloc_huge"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		/* The kernel may grant 100T of addresses where it is told to overcommit. */
		struct run *r = guarded(SET("WALL=10s"), ARGV("ask_for_extremes", ways[i]));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 1);
		expect(r, i || strstr(r->out, "null=1 errno=12"));
		expect_verdict(r, "oserror");
		expect(r, json_object_size(record_find(r, "denied")) == 0);
		expect(r, record_find(r, "first_denial") == NULL);
		run_free(r);
	}
}

static void a_nested_budget_starts_with_no_processor_time_used(void **state)
{
	struct run *r = guarded(SET("CPU=30s"),
				ARGV("spin_then_exec", "300", subject_path("../../reslimit"), "exec", "--cpu",
				     "200ms", "--name", "inner", "--", "/bin/sleep", "0.05"));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
}

/* Files and descriptors */

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
	mkdir(in_scratch("sub"), 0700);
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
	text = read_text(in_scratch("record"));
	expect(r, text && count_lines(text) == 1);
	free(text);
	expect(r, stat(in_scratch("log"), &st) == 0);
	expect(r, stat(in_scratch("sub/record"), &st) < 0);
	expect(r, stat(in_scratch("sub/log"), &st) < 0);
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
					       .arg = in_scratch("inherited")});
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

/* Programs and libraries */

static void a_program_with_its_own_malloc_grows_arrays_by_it(void **state)
{
	static const char text[] = "kept own=1\nkept own=1\noverflow=0\n";
	struct run *r = guarded(SET("MEM=8M"), ARGV("bring_own_malloc"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, text);
	expect(r, !strcmp(record_str(r, "coverage.heap"), "bypassed"));
	run_free(r);
}

static void a_refusal_in_a_library_that_lies_elsewhere_names_its_place(void **state)
{
	struct run *r = guarded(SET("MEM=8M"), ARGV("load_library_away", subject_path("libaway.so")));
	const char *site, *offset;
	int64_t symbol, at;

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=1\n");
	symbol = out_number(r, "symbol");
	site = record_str(r, "first_denial.site");
	offset = strstr(site, "libaway.so+0x");
	expect(r, symbol >= 0x10000000);
	expect(r, offset != NULL);
	at = strtoll(strchr(offset, '+') + 1, NULL, 16);
	expect(r, at > symbol);
	expect(r, at < symbol + 64);
	run_free(r);
}

static void a_library_that_the_user_put_before_ours_stays_there_over_exec(void **state)
{
	char preload[2 * PATH_MAX];
	struct run *r;

	(void)state;
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s %s", subject_path("libearly.so"), library_path());
	r = run_guarded(&(struct spec){
		.argv = ARGV("/usr/bin/env", "-u", "RESLIMIT_LEDGER", subject_path("print_environ")),
		.set = SET(preload, "RESLIMIT_MEM=8M"),
		.verbatim = true});
	expect_exit(r, 0);
	strcat(preload, "\n");
	expect(r, strstr(r->out, preload) != NULL);
	expect(r, strstr(r->out, "RESLIMIT_LEDGER=") != NULL);
	expect_record(r);
	run_free(r);
}

static void a_library_whose_name_only_ends_like_ours_is_not_taken_for_it(void **state)
{
	const char *other = in_scratch("xlibreslimit_preload.so");
	char preload[2 * PATH_MAX];
	struct run *r = bare(ARGV("/bin/cp", subject_path("libearly.so"), other));

	(void)state;
	expect_exit(r, 0);
	run_free(r);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s:%s", other, library_path());
	r = run_guarded(&(struct spec){.argv = ARGV("exec_by_name", "execve", "empty",
						    subject_path("allocate_until_refused"), "10000"),
				       .set = SET(preload, "RESLIMIT_MEM=8M"),
				       .verbatim = true});
	expect_exit(r, 0);
	expect_out(r, "errno=12");
	expect(r, record_int(r, "denied.mem") == 1);
	run_free(r);
}

static void a_tree_whose_first_process_was_killed_is_not_said_to_have_gone_well(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("outlive_first"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect_out(r, "status=0\n");
	expect(r, strstr(r->record, "\"verdict\":\"ok\"") == NULL);
	expect(r, strstr(r->record, "\"verdict\":\"exit\"") == NULL);
	run_free(r);
}

/* The guard's thread */

static void a_program_that_ends_its_only_thread_by_system_call_ends(void **state)
{
	(void)state;
	for (int i = 0; i < 10; i++) {
		struct run *r = guarded(SET("WALL=15s"), ARGV("end_by", "thread_exit", "7"));

		expect_exit(r, 7);
		expect(r, r->elapsed_ns < 9 * SEC);
		expect_verdict(r, "exit");
		expect(r, record_int(r, "exit_code") == 7);
		expect(r, strstr(record_str(r, "exe"), "/end_by") != NULL);
		run_free(r);
	}
}

static void a_program_whose_threads_end_one_by_one_by_system_call_ends(void **state)
{
	struct run *r = guarded(SET("WALL=15s"), ARGV("end_by", "threads_exit", "7"));

	(void)state;
	expect_exit(r, 7);
	expect(r, r->elapsed_ns > 200 * MS);
	expect(r, r->elapsed_ns < 9 * SEC);
	expect(r, record_int(r, "exit_code") == 7);
	run_free(r);
}

static void a_thread_that_joins_the_first_hears_of_its_end(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct run *r = guarded(SET("WALL=15s"), ARGV("join_first_thread"));

		expect_exit(r, 5);
		expect(r, r->elapsed_ns < 9 * SEC);
		run_free(r);
	}
}

static void the_thread_of_a_sleeping_program_sleeps(void **state)
{
	static const char *const settings[] = {"WALL=1h", "CPU=1h", "IDLE=1h", "STACKS=1"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = guarded(SET("WALL=1h", settings[i]), ARGV("count_wakeups", "1500"));

		print_message("# %s\n", settings[i]);
		expect_exit(r, 0);
		expect(r, out_number(r, "threads") == 2);
		expect(r, out_number(r, "wakeups") <= 1);
		run_free(r);
	}
}

static void without_a_limit_that_needs_it_there_is_no_thread(void **state)
{
	struct run *r = guarded(SET("MEM=100M", "THREADS=3", "PROCS=3"), ARGV("count_wakeups", "1"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "threads") == 1);
	run_free(r);
}

/* Filters of system calls */

static const char *const FILTERS[][4] = {
	{"few", "thread", NULL, "any"},	    {"few", "prctl", NULL, "any"},
	{"threads", "thread", NULL, "any"}, {"few", "process", "x", NULL},
	{"threads", "process", "x", NULL},  {"strict", "-", NULL, "any"},
	{"errno", "thread", NULL, "any"},   {"errno", "process", "x", NULL},
};
enum { FILTER_COUNT = sizeof(FILTERS) / sizeof(*FILTERS) };

static bool escapes_have(const struct run *r, const char *word)
{
	size_t i;
	json_t *escape, *list = record_find(r, "escapes");

	json_array_foreach(list, i, escape) if (!strcmp(json_string_value(escape), word)) return true;
	return false;
}

static void a_filter_that_kills_does_not_kill_for_a_call_of_ours(void **state)
{
	(void)state;
	for (int i = 0; i < FILTER_COUNT; i++) {
		const char *const *argv =
			ARGV("forbid_calls", FILTERS[i][0], FILTERS[i][1], "exit", FILTERS[i][2]);
		struct run *without = bare(argv);
		struct run *with = guarded(SET("MEM=100M", "WALL=15s"), argv);

		print_message("# %s %s\n", FILTERS[i][0], FILTERS[i][1]);
		expect_exit(without, 3);
		expect_exit(with, 3);
		expect_out(with, "done\n");
		if (FILTERS[i][3] && !strcmp(FILTERS[i][3], "any")) {
			/* The watchdog's thread is not bound, and records the end for the others. */
			expect_verdict(with, "exit");
			expect(with, record_int(with, "exit_code") == 3);
			expect(with, escapes_have(with, "seccomp"));
		}
		run_free(without);
		run_free(with);
	}
}

static void a_program_without_time_limit_under_such_a_filter_ends_as_it_would(void **state)
{
	(void)state;
	for (int i = 0; i < FILTER_COUNT; i++) {
		struct run *r = guarded(SET("MEM=100M"), ARGV("forbid_calls", FILTERS[i][0], FILTERS[i][1],
							      "exit", FILTERS[i][2]));

		print_message("# %s %s\n", FILTERS[i][0], FILTERS[i][1]);
		expect_exit(r, 3);
		run_free(r);
	}
}

static void a_filter_that_forbids_prctl_leaves_the_watchdog(void **state)
{
	struct run *r =
		guarded(SET("WALL=300ms", "GRACE=10s"), ARGV("forbid_calls", "prctl", "process", "spin"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect_verdict(r, "wall");
	run_free(r);
}

static void a_program_under_such_a_filter_keeps_its_deadline(void **state)
{
	(void)state;
	for (int i = 0; i < FILTER_COUNT; i++) {
		/* Without the watchdog it is the kernel's timer, behind the last step, and by processor time.
		 */
		const char *grace = FILTERS[i][3] ? "GRACE=10s" : "GRACE=200ms";
		struct run *r = run_guarded(&(struct spec){
			.set = SET("WALL=300ms", grace),
			.argv = ARGV("forbid_calls", FILTERS[i][0], FILTERS[i][1], "spin", FILTERS[i][2]),
			.timeout_s = 90});

		print_message("# %s %s\n", FILTERS[i][0], FILTERS[i][1]);
		expect(r, WIFSIGNALED(r->status));
		if (FILTERS[i][3] && !strcmp(FILTERS[i][3], "any")) {
			expect_signal(r, SIGTERM);
			expect_verdict(r, "wall");
		}
		run_free(r);
	}
}

static void a_filter_that_is_refused_leaves_everything_as_it_was(void **state)
{
	static const char *const filters[][3] = {
		{"broken", "thread", NULL},
		{"broken", "process", "x"},
		{"broken", "prctl", NULL},
		{"apart", "process", "x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		const char *const *f = filters[i];
		struct run *spins = guarded(SET("WALL=300ms", "GRACE=10s"),
					    ARGV("forbid_calls", f[0], f[1], "spin", f[2]));
		struct run *faults = guarded(SET("MEM=100M"), ARGV("forbid_calls", f[0], f[1], "segv", f[2]));
		struct run *refused = guarded(SET("MEM=20M"), ARGV("forbid_calls", f[0], f[1], "exit", f[2]));

		print_message("# %s %s\n", f[0], f[1]);
		expect_signal(spins, SIGTERM);
		expect_verdict(spins, "wall");
		expect(spins, !escapes_have(spins, "seccomp"));
		expect_signal(faults, SIGSEGV);
		expect_verdict(faults, "signal");
		expect_exit(refused, 3);
		expect(refused, record_int(refused, "denied.mem") > 0);
		run_free(spins);
		run_free(faults);
		run_free(refused);
	}
}

/* A supervisor beside the program, and not the harness's own preload. */
static struct run *supervised(const char *limit, const char *const words[])
{
	const char *library = library_path();
	char tool[PATH_MAX];
	const char *argv[16] = {tool, "run", limit, "--", subject_path(words[0])};

	snprintf(tool, sizeof(tool), "%.*s/reslimit", (int)(strrchr(library, '/') - library), library);
	for (int i = 1; words[i]; i++)
		argv[4 + i] = words[i];
	return bare(argv);
}

static void a_child_forked_under_such_a_filter_is_not_killed_for_a_call_of_ours(void **state)
{
	static const char *const filters[][3] = {
		{"children", "thread", NULL}, {"children", "process", "x"}, {"owners", "thread", NULL},
		{"watchdog", "thread", NULL}, {"watchdog", "process", "x"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(filters) / sizeof(*filters); i++) {
		const char *const *argv =
			ARGV("forbid_calls", filters[i][0], filters[i][1], "fork", filters[i][2]);
		struct run *without = bare(argv), *with = guarded(SET("MEM=100M", "WALL=15s"), argv);
		struct run *leashed = supervised("--wall=15s", argv);

		print_message("# %s %s\n", filters[i][0], filters[i][1]);
		expect_exit(without, 3);
		expect_exit(with, 3);
		expect_exit(leashed, 3);
		run_free(without);
		run_free(with);
		run_free(leashed);
	}
}

static void a_child_forked_under_such_a_filter_keeps_its_deadline(void **state)
{
	struct run *spins = guarded(SET("WALL=300ms", "GRACE=200ms"),
				    ARGV("forbid_calls", "children", "thread", "fork-spin"));
	/* Half a second of processor time behind the last step takes a busy machine a while. */
	struct run *left =
		run_guarded(&(struct spec){.set = SET("WALL=300ms", "GRACE=200ms"),
					   .argv = ARGV("forbid_calls", "watchdog", "thread", "leave"),
					   .timeout_s = 120});

	(void)state;
	/* The parent's watchdog is not bound. */
	expect_signal(spins, SIGTERM);
	/* Whose parent is gone, and who may not have a watchdog, has the kernel's timer behind the last step.
	 */
	expect_exit(left, 3);
	expect(left, left->tree_ns >= 500 * MS);
	run_free(spins);
	run_free(left);
}

static void no_thread_keeps_capabilities_that_were_given_up(void **state)
{
	struct run *r = guarded(SET("WALL=15s"), ARGV("drop_capabilities"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "with") == 0);
	expect(r, out_number(r, "without") == 2);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_without_room_leaves_the_tree_its_budget),
		cmocka_unit_test(a_forked_thread_gives_back_no_place_but_its_own),
		cmocka_unit_test(a_block_resized_to_nothing_at_the_limit_is_freed),
		cmocka_unit_test(a_resize_beyond_any_machine_is_a_refusal_of_the_budget),
		cmocka_unit_test(what_no_machine_grants_is_not_refused_in_the_name_of_a_budget),
		cmocka_unit_test(a_nested_budget_starts_with_no_processor_time_used),
		cmocka_unit_test(relative_paths_mean_one_file_in_every_directory),
		cmocka_unit_test(a_child_without_the_inherited_descriptor_of_a_path_runs),
		cmocka_unit_test(a_file_that_takes_the_number_of_the_log_gets_nothing_of_ours),
		cmocka_unit_test(a_file_that_takes_the_number_of_the_record_gets_nothing_of_ours),
		cmocka_unit_test(each_exec_passes_on_one_descriptor),
		cmocka_unit_test(a_soft_limit_on_file_sizes_stays_the_programs),
		cmocka_unit_test(a_hard_limit_on_file_sizes_is_one_clear_line),
		cmocka_unit_test(a_program_with_its_own_malloc_grows_arrays_by_it),
		cmocka_unit_test(a_refusal_in_a_library_that_lies_elsewhere_names_its_place),
		cmocka_unit_test(a_library_that_the_user_put_before_ours_stays_there_over_exec),
		cmocka_unit_test(a_library_whose_name_only_ends_like_ours_is_not_taken_for_it),
		cmocka_unit_test(a_tree_whose_first_process_was_killed_is_not_said_to_have_gone_well),
		cmocka_unit_test(a_program_that_ends_its_only_thread_by_system_call_ends),
		cmocka_unit_test(a_program_whose_threads_end_one_by_one_by_system_call_ends),
		cmocka_unit_test(a_thread_that_joins_the_first_hears_of_its_end),
		cmocka_unit_test(the_thread_of_a_sleeping_program_sleeps),
		cmocka_unit_test(without_a_limit_that_needs_it_there_is_no_thread),
		cmocka_unit_test(a_filter_that_kills_does_not_kill_for_a_call_of_ours),
		cmocka_unit_test(a_program_without_time_limit_under_such_a_filter_ends_as_it_would),
		cmocka_unit_test(a_filter_that_forbids_prctl_leaves_the_watchdog),
		cmocka_unit_test(a_program_under_such_a_filter_keeps_its_deadline),
		cmocka_unit_test(a_filter_that_is_refused_leaves_everything_as_it_was),
		cmocka_unit_test(a_child_forked_under_such_a_filter_is_not_killed_for_a_call_of_ours),
		cmocka_unit_test(a_child_forked_under_such_a_filter_keeps_its_deadline),
		cmocka_unit_test(no_thread_keeps_capabilities_that_were_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
