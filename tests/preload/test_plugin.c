/*
 * test_plugin.c - conditions of a library's own: what it is told, what it may decide, what it cannot harm.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>

#define TICK "TICK=10ms"

/* Longer than the patience with a plug-in that hangs. */
#define HUNG_BY_THEN "2500"

/* "PLUGIN=/.../libplugin.so:arg"; good until the next call but three. */
static const char *plugin(const char *argument)
{
	static char texts[4][600];
	static int turn;
	char *text = texts[turn++ % 4];

	snprintf(text, sizeof(texts[0]), "PLUGIN=%s:%s", subject_path("libplugin.so"), argument);
	return text;
}

static void expect_state(const struct run *r, const char *state)
{
	expect(r, !strcmp(record_str(r, "plugin.state"), state));
}

/* Fails the test unless the plug-in's host has gone by then. */
static void expect_host_gone(const struct run *r, int within_ms)
{
	static const struct timespec moment = {.tv_nsec = 5000000};
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)record_int(r, "plugin.pid"));
	for (int waited = 0; waited < within_ms; waited += 5) {
		char *line = read_text(path);
		bool gone = !line || !*line; /* a zombie has no command line */

		free(line);
		if (gone)
			return;
		nanosleep(&moment, NULL);
	}
	expect(r, !"the host still runs");
}

/* Value after `key=` in a line, as a number. */
static long long told(const char *line, const char *key)
{
	char text[40];
	const char *found;

	snprintf(text, sizeof(text), " %s=", key);
	found = strstr(line, text);
	return found ? atoll(found + strlen(text)) : -1;
}

static void a_violation_ends_the_tree_in_the_plugins_name(void **state)
{
	struct run *r = guarded(SET(plugin("always=7"), TICK), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_ended_by(r, SIGTERM, "custom:libplugin");
	expect(r, record_int(r, "plugin.code") == 7);
	expect(r, record_int(r, "plugin.checks") == 1);
	expect(r, !strcmp(record_str(r, "plugin.name"), "libplugin"));
	expect(r, step_is(r, 0, "TERM"));
	expect_state(r, "running");
	run_free(r);

	r = guarded(SET(plugin("always=-1"), TICK, "PLUGIN_ACTION=KILL"), ARGV("run_for_ever", "spin"));
	expect_ended_by(r, SIGKILL, "custom:libplugin");
	expect(r, record_int(r, "plugin.code") == -1);
	run_free(r);
}

static void samples_tell_what_the_tree_uses(void **state)
{
	char file[300], argument[320];
	struct run *r;
	char *text, *line;
	long long before = 0;

	(void)state;
	snprintf(file, sizeof(file), "%s/samples", scratch_dir());
	snprintf(argument, sizeof(argument), "note=%s", file);
	r = guarded(SET(plugin(argument), TICK, "MEM=64M", "WALL=30s", "CPU=20s"),
		    ARGV("hold_resources", "bytes", "8388608", "600", "child"));
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "plugin.checks") >= 5);
	text = read_text(file);
	expect(r, text != NULL);
	/* At some point there are parent and child, the child holding 8 MiB. */
	for (line = strstr(text, "check "); line; line = strstr(line + 1, "check ")) {
		expect(r, told(line, "wall") > before);
		before = told(line, "wall");
		expect(r, told(line, "mem_limit") == 64 * MIB);
		expect(r, told(line, "wall_limit") == 30 * SEC);
		expect(r, told(line, "cpu_limit") == 20 * SEC);
		expect(r, told(line, "tick") == 10 * MS);
		expect(r, told(line, "pid") == r->pid);
		expect(r, told(line, "threads") == 0);
		expect(r, told(line, "mem_peak") >= told(line, "mem"));
		expect(r, told(line, "rss") > 500 * KIB);
		if (told(line, "procs") != 2 || told(line, "mem") < 8 * MIB || told(line, "rss") < 8 * MIB)
			continue;
		expect(r, told(line, "mem") < 9 * MIB);
		before = -1;
		break;
	}
	expect(r, before == -1);
	free(text);
	run_free(r);
}

static void it_is_initialised_once_for_the_whole_tree(void **state)
{
	char file[300], argument[320];
	struct run *r;
	char *text;

	(void)state;
	snprintf(file, sizeof(file), "%s/once", scratch_dir());
	snprintf(argument, sizeof(argument), "note=%s", file);
	r = guarded(SET(plugin(argument), "TICK=1h"),
		    ARGV("/bin/sh", "-c", "/bin/true; /bin/true; exec /bin/sh -c 'exec /bin/true'"));
	expect_exit(r, 0);
	text = read_text(file);
	expect(r, text != NULL && count_lines(text) == 1);
	/* Nothing of the program's is in its hands. */
	expect(r, !strcmp(text, "init descriptors=3 preload=no ledger=no session=1\n"));
	free(text);
	run_free(r);
}

static void it_may_keep_replace_or_confirm_the_action(void **state)
{
	struct run *r = guarded(SET(plugin("always=1+keep=1000000"), TICK),
				ARGV("hold_resources", "fds", "0", "600"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "plugin.kept") >= 3);
	expect(r, record_int(r, "plugin.kept") == record_int(r, "plugin.checks"));
	run_free(r);

	r = guarded(SET(plugin("always=1+keep=3"), TICK), ARGV("run_for_ever", "sleep"));
	expect_signal(r, SIGTERM);
	expect(r, record_int(r, "plugin.kept") == 3);
	expect(r, record_int(r, "plugin.checks") == 4);
	run_free(r);

	r = guarded(SET(plugin("always=1+abort"), TICK), ARGV("run_for_ever", "sleep"));
	expect_ended_by(r, SIGKILL, "custom:libplugin");
	expect(r, step_is(r, 0, "KILL"));
	run_free(r);

	r = guarded(SET(plugin("always=1+signal=2"), TICK, "GRACE=50ms"), ARGV("run_for_ever", "sleep", "2"));
	expect_signal(r, SIGKILL);
	expect(r, step_is(r, 0, "INT") && step_is(r, 1, "KILL"));
	run_free(r);

	r = guarded(SET(plugin("always=1+junk"), TICK), ARGV("run_for_ever", "sleep"));
	expect_signal(r, SIGTERM);
	run_free(r);
}

static void one_that_hangs_is_noted_and_harms_nobody(void **state)
{
	struct run *r = guarded(SET(plugin("hang"), TICK), ARGV("hold_resources", "fds", "0", HUNG_BY_THEN));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect_state(r, "hung");
	expect(r, record_int(r, "plugin.checks") == 0);
	expect_host_gone(r, 15000);
	run_free(r);

	r = guarded(SET(plugin("hang"), TICK, "WALL=2500ms"), ARGV("run_for_ever", "sleep"));
	expect_ended_by(r, SIGTERM, "wall");
	expect_state(r, "hung");
	run_free(r);
}

static void one_that_crashes_is_noted_and_harms_nobody(void **state)
{
	static const char *const ways[] = {"crash", "exit"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r =
			guarded(SET(plugin(ways[i]), TICK, "WALL=1500ms"), ARGV("run_for_ever", "sleep"));

		expect_ended_by(r, SIGTERM, "wall");
		expect_state(r, "crashed");
		run_free(r);
	}
}

static void the_action_runs_if_it_fails_while_it_is_asked(void **state)
{
	struct run *r = guarded(SET(plugin("always=5+crash-asked"), TICK), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_ended_by(r, SIGTERM, "custom:libplugin");
	expect(r, record_int(r, "plugin.code") == 5);
	expect_state(r, "crashed");
	run_free(r);

	r = guarded(SET(plugin("always=5+hang-asked"), TICK), ARGV("run_for_ever", "sleep"));
	expect_ended_by(r, SIGTERM, "custom:libplugin");
	expect(r, r->elapsed_ns >= SEC);
	expect_state(r, "hung");
	run_free(r);
}

static void become_subreaper(const void *unused)
{
	(void)unused;
	prctl(PR_SET_CHILD_SUBREAPER, 1);
}

/* A SIGCHLD would then stay pending. */
static void block_sigchld(const void *unused)
{
	sigset_t set;

	(void)unused;
	sigemptyset(&set);
	sigaddset(&set, SIGCHLD);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

static void the_program_cannot_find_its_process(void **state)
{
	static void (*const ways[])(const void *) = {NULL, become_subreaper, block_sigchld};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = run_guarded(&(struct spec){.argv = ARGV("look_for_strangers"),
							   .set = SET(plugin("always=0"), TICK),
							   .prepare = ways[i]});

		expect_exit(r, 0);
		expect_out(r, "child=-1 none=1 pending=0 children='' session=1\n");
		run_free(r);
	}
}

static void it_is_in_no_budget(void **state)
{
	struct run *r =
		guarded(SET(plugin("spawn"), TICK, "PROCS=0", "THREADS=0", "MEM=1M", "WALL=20s", "CPU=10s"),
			ARGV("hold_resources", "fds", "0", "600"));

	(void)state;
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	expect(r, record_int(r, "plugin.checks") >= 2);
	expect(r, record_int(r, "procs_total") == 1);
	expect(r, record_int(r, "procs_peak") == 0);
	expect(r, record_int(r, "cpu_ns") < 100 * MS);
	expect(r, json_object_size(record_find(r, "denied")) == 0);
	run_free(r);
}

static void its_process_ends_with_the_tree(void **state)
{
	struct run *r = guarded(SET(plugin("always=0"), "TICK=1h"), ARGV("end_by", "return", "0"));

	(void)state;
	expect_exit(r, 0);
	expect_host_gone(r, 15000);
	run_free(r);

	/* Nobody is left to tell it. */
	r = guarded(SET(plugin("always=0"), TICK, "WALL=50ms", "WALL_ACTION=KILL"),
		    ARGV("run_for_ever", "spin"));
	expect_signal(r, SIGKILL);
	expect_host_gone(r, 15000);
	run_free(r);

	/* Nor can it be told while it hangs. */
	r = guarded(SET(plugin("hang"), TICK), ARGV("hold_resources", "fds", "0", "200"));
	expect_exit(r, 0);
	expect(r, r->elapsed_ns < 9 * SEC);
	expect_host_gone(r, 15000);
	run_free(r);
}

static void one_that_cannot_start_stops_the_program(void **state)
{
	static const char *const wrong[][2] = {
		{"PLUGIN=/nowhere/lib.so", "cannot be loaded"},
		{"PLUGIN=/proc/self/maps:x", "cannot be loaded"},
		{"PLUGIN=libm.so.6", "has no reslimit_check()"},
		{"PLUGIN=:x", "not a library"},
		{"PLUGIN=/tmp/:x", "not a library"},
		{"PLUGIN_ACTION=deny", "no call to refuse"},
	};
	static const char *const failing[][2] = {
		{"fail-init=3", "returned 3"},
		{"crash-init", "crashed"},
	};

	(void)state;
	for (size_t i = 0; i < 8; i++) {
		const char *set = i < 6 ? wrong[i][0] : plugin(failing[i - 6][0]);
		struct run *r = guarded(SET(set), ARGV("run_for_ever", "sleep"));

		print_message("# %s\n", set);
		expect_no_start(r, "RESLIMIT_PLUGIN");
		expect_no_start(r, i < 6 ? wrong[i][1] : failing[i - 6][1]);
		run_free(r);
	}
	if (getenv("RL_LONG") && *getenv("RL_LONG")) {
		struct run *r = guarded(SET(plugin("hang-init")), ARGV("run_for_ever", "sleep"));

		expect_exit(r, EXIT_REFUSED_TO_START);
		expect(r, strstr(r->err, "10 s") != NULL);
		run_free(r);
	}
}

static void one_host_serves_processes_with_budgets_of_their_own(void **state)
{
	struct run *r = guarded(SET(plugin("procs=2"), "SCOPE=process", TICK), ARGV("spin_in_children", "3"));

	(void)state;
	expect_ended_by(r, SIGTERM, "custom:libplugin");
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_violation_ends_the_tree_in_the_plugins_name),
		cmocka_unit_test(samples_tell_what_the_tree_uses),
		cmocka_unit_test(it_is_initialised_once_for_the_whole_tree),
		cmocka_unit_test(it_may_keep_replace_or_confirm_the_action),
		cmocka_unit_test(one_that_hangs_is_noted_and_harms_nobody),
		cmocka_unit_test(one_that_crashes_is_noted_and_harms_nobody),
		cmocka_unit_test(the_action_runs_if_it_fails_while_it_is_asked),
		cmocka_unit_test(the_program_cannot_find_its_process),
		cmocka_unit_test(it_is_in_no_budget),
		cmocka_unit_test(its_process_ends_with_the_tree),
		cmocka_unit_test(one_that_cannot_start_stops_the_program),
		cmocka_unit_test(one_host_serves_processes_with_budgets_of_their_own),
	};

	return cmocka_run_group_tests_name("plugin", tests, NULL, NULL);
}
