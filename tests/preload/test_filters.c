/*
 * test_filters.c - programs that forbid themselves system calls, or give up capabilities.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

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
	expect_ended_by(r, SIGTERM, "wall");
	run_free(r);
	/* It does without what only makes that end more precise, also after another filter was refused. */
	for (int i = 0; i < 2; i++) {
		r = guarded(SET("CPU=200ms", "GRACE=10s"),
			    ARGV("forbid_calls", i ? "twice" : "prctl", "process", "spin"));
		expect_signal(r, SIGXCPU);
		expect_verdict(r, "cpu");
		run_free(r);
	}
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
			expect_ended_by(r, SIGTERM, "wall");
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
		expect_ended_by(spins, SIGTERM, "wall");
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

static void a_filter_that_forbids_to_write_files_leaves_the_next_program_its_budget(void **state)
{
	(void)state;
	for (int i = 0; i < 4; i++) {
		const char *how = i & 1 ? "process" : "thread", *next = i & 2 ? "system" : "exec";
		struct run *r = guarded(SET("MEM=20M"), ARGV("forbid_calls", "writing", how, next));

		print_message("# %s %s\n", how, next);
		expect_exit(r, 3);
		/* The first of them asks for nothing. */
		expect(r, record_int(r, "denied.mem") > 0);
		expect(r, !escapes_have(r, "seccomp"));
		run_free(r);
	}
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
		cmocka_unit_test(a_filter_that_kills_does_not_kill_for_a_call_of_ours),
		cmocka_unit_test(a_program_without_time_limit_under_such_a_filter_ends_as_it_would),
		cmocka_unit_test(a_filter_that_forbids_prctl_leaves_the_watchdog),
		cmocka_unit_test(a_program_under_such_a_filter_keeps_its_deadline),
		cmocka_unit_test(a_filter_that_is_refused_leaves_everything_as_it_was),
		cmocka_unit_test(a_child_forked_under_such_a_filter_is_not_killed_for_a_call_of_ours),
		cmocka_unit_test(a_child_forked_under_such_a_filter_keeps_its_deadline),
		cmocka_unit_test(a_filter_that_forbids_to_write_files_leaves_the_next_program_its_budget),
		cmocka_unit_test(no_thread_keeps_capabilities_that_were_given_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
