/*
 * test_stacks.c - RESLIMIT_STACKS: what threads do, and where, before a limit's step.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FUNCTION_BYTES = 64, LOG_FD = 7 };

static const char *record_activity(const struct run *r)
{
	return record_str(r, "activity");
}

/* How many frames of `list` lie in the subject's function at that offset; all without guessing. */
static int frames_in(const json_t *list, const char *program, int64_t function)
{
	size_t i;
	json_t *frame;
	int found = 0;

	json_array_foreach(list, i, frame)
	{
		const char *text = json_string_value(frame);
		size_t len = strlen(program);

		if (!strncmp(text, program, len) && !strncmp(text + len, "+0x", 3)) {
			int64_t at = strtoll(text + len + 1, NULL, 16);

			found += at >= function && at < function + FUNCTION_BYTES;
		}
	}
	return found;
}

/* The first thread of the record in that state with a frame in that function. */
static const json_t *thread_in(const struct run *r, const char *state, const char *program, int64_t function)
{
	json_t *thread, *top = record_find(r, "stacks.top");
	size_t i;

	json_array_foreach(
		top, i,
		thread) if (!strcmp(json_string_value(json_object_get(thread, "state")), state) &&
			    frames_in(json_object_get(thread, "frames"), program, function)) return thread;
	return NULL;
}

static const char *call_of(const json_t *thread)
{
	const char *call = json_string_value(json_object_get(thread, "syscall"));

	return call ? call : "";
}

static bool was_cut_short(const struct run *r, const void *unused)
{
	const json_t *thread, *top = record_find(r, "stacks.top");
	size_t i;

	(void)unused;
	/* A thread that was to run and did not get a processor could not be asked. */
	json_array_foreach(top, i,
			   thread) if (!json_array_size(json_object_get(thread, "frames"))) return true;
	return record_find(r, "stacks.cut") || !record_find(r, "stacks");
}

/* The program is in place when the machine looks at it, and the look has the time that it takes. */
static struct run *looked(const char *const set[], const char *const argv[])
{
	return run_undisturbed(&(struct spec){.set = set, .argv = argv}, was_cut_short, NULL);
}

static void threads_that_spin_and_that_wait_are_told_apart_by_function(void **state)
{
	struct run *r = looked(SET("WALL=500ms", "STACKS=1"), ARGV("be_busy_and_wait", "1", "3"));
	const char *me = "be_busy_and_wait";
	const json_t *spins, *waits, *sleeps;

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	expect_record(r);
	expect(r, !strcmp(record_activity(r), "mixed"));
	expect(r, record_int(r, "stacks.threads") == 5);
	expect(r, record_int(r, "stacks.running") == 1);
	expect(r, record_int(r, "stacks.sleeping") == 4);
	expect(r, !strcmp(record_str(r, "stacks.step"), "TERM"));
	expect(r, record_find(r, "stacks.refused") == NULL);
	spins = thread_in(r, "running", me, out_number(r, "spin"));
	waits = thread_in(r, "sleeping", me, out_number(r, "wait"));
	sleeps = thread_in(r, "sleeping", me, out_number(r, "sleep"));
	expect(r, spins && !strcmp(call_of(spins), ""));
	expect(r, waits && !strcmp(call_of(waits), "futex"));
	expect(r, sleeps && !strcmp(call_of(sleeps), "pause"));
	/* Three threads that wait at one place are one entry. */
	expect(r, json_array_size(record_find(r, "stacks.top")) == 3);
	expect(r, r->err_len == 0);
	run_free(r);
}

static void a_program_that_only_spins_is_spinning_and_one_that_only_waits_is_blocked(void **state)
{
	struct run *spinning =
		looked(SET("WALL=500ms", "STACKS=1"), ARGV("be_busy_and_wait", "0", "0", "spin"));
	struct run *blocked = looked(SET("WALL=500ms", "STACKS=1"), ARGV("be_busy_and_wait", "0", "2"));

	(void)state;
	expect(spinning, !strcmp(record_activity(spinning), "spinning"));
	expect(blocked, !strcmp(record_activity(blocked), "blocked"));
	expect(blocked, record_int(blocked, "stacks.sleeping") == 3);
	run_free(spinning);
	run_free(blocked);
}

static void a_child_that_spins_is_seen_whichever_process_takes_the_step(void **state)
{
	char script[2 * PATH_MAX];
	struct run *r;
	const json_t *thread;

	(void)state;
	snprintf(script, sizeof(script), "sleep 20 & '%s' 0 0 spin & wait", subject_path("be_busy_and_wait"));
	for (int i = 0; i < 3; i++) {
		r = looked(SET("WALL=500ms", "STACKS=1"), ARGV("/bin/sh", "-c", script));
		expect_verdict(r, "wall");
		expect(r, !strcmp(record_activity(r), "mixed"));
		expect(r, record_int(r, "stacks.threads") == 3);
		thread = thread_in(r, "running", "be_busy_and_wait", out_number(r, "spin"));
		expect(r, thread && json_integer_value(json_object_get(thread, "pid")) != r->pid);
		run_free(r);
	}
}

static int count_of(const char *text, const char *what)
{
	int n = 0;

	for (; text && (text = strstr(text, what)); text++)
		n++;
	return n;
}

static void the_whole_text_goes_to_the_file_before_the_first_signal_and_before_kill(void **state)
{
	char setting[PATH_MAX], path[PATH_MAX], *text;
	struct run *r;

	(void)state;
	snprintf(setting, sizeof(setting), "STACKS=%s/stacks-%%n-%%p", scratch_dir());
	r = guarded(SET("WALL=500ms", "GRACE=100ms", "NAME=whole", setting),
		    ARGV("be_busy_and_wait", "1", "4", "ignore"));
	expect_signal(r, SIGKILL);
	snprintf(path, sizeof(path), "%s/stacks-whole-%d", scratch_dir(), r->pid);
	text = read_text(path);
	expect(r, text != NULL);
	expect(r, count_of(text, "before TERM") == 1);
	expect(r, count_of(text, "before KILL") == 1);
	expect(r, strstr(text, "time was up") || count_of(text, "\" running") == 2);
	expect(r, strstr(text, "time was up") || count_of(text, "sleeping in futex") == 8);
	/* The record's are those of the first step, before any handler ran. */
	expect(r, !strcmp(record_str(r, "stacks.step"), "TERM"));
	free(text);
	run_free(r);
}

static void open_log(const void *path)
{
	FILE *file = fopen(path, "a");

	if (!file || dup2(fileno(file), LOG_FD) != LOG_FD)
		_exit(126);
	fclose(file);
}

static void with_1_the_whole_text_goes_to_the_log(void **state)
{
	char path[PATH_MAX], *text;
	struct run *r;

	(void)state;
	snprintf(path, sizeof(path), "%s/log", scratch_dir());
	r = run_guarded(&(struct spec){.argv = ARGV("be_busy_and_wait", "0", "4"),
				       .set = SET("WALL=500ms", "STACKS=1", "LOG=7"),
				       .prepare = open_log,
				       .arg = path});
	text = read_text(path);
	expect(r, count_of(text, "reslimit stacks before TERM") == 1);
	expect(r, strstr(text, "time was up") || count_of(text, "sleeping in futex") == 4);
	free(text);
	run_free(r);
}

static void without_it_or_with_0_nothing_is_noted(void **state)
{
	static const char *const settings[] = {"STACKS=", "STACKS=0"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("WALL=100ms", settings[i]), ARGV("be_busy_and_wait", "0", "0"));

		expect_verdict(r, "wall");
		expect(r, record_find(r, "stacks") == NULL);
		expect(r, record_find(r, "activity") == NULL);
		run_free(r);
	}
}

static void what_is_neither_a_switch_nor_a_file_is_refused(void **state)
{
	static const char *const settings[] = {"STACKS=2", "STACKS=/no/such/directory/x", "STACKS=%x"};

	(void)state;
	for (int i = 0; i < 3; i++)
		expect_complaint(SET("WALL=1s", settings[i]), "RESLIMIT_STACKS=");
}

/* It was late, or so were they, or what was to be seen of them in the time for it was not. */
static bool was_held_up(const struct run *r, const void *unused)
{
	const json_t *threads = record_find(r, "stacks.threads"), *activity = record_find(r, "activity");

	(void)unused;
	return r->tree_ns >= 1200 * MS + LATE || json_integer_value(threads) <= 20 ||
	       !json_is_string(activity) || strcmp(json_string_value(activity), "blocked") != 0;
}

static void three_thousand_threads_hold_no_limit_up(void **state)
{
	/* 50 ms is the promise; the machine may be busy. */
	struct run *r = run_undisturbed(&(struct spec){.set = SET("WALL=1s", "STACKS=1"),
						       .argv = ARGV("be_busy_and_wait", "0", "3000")},
					was_held_up, NULL);

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	expect_record(r);
	expect(r, step_ns(r, 0) < 1200 * MS + LATE);
	expect(r, record_int(r, "stacks.threads") > 20);
	expect(r, !strcmp(record_activity(r), "blocked"));
	run_free(r);
}

static void no_call_of_the_program_is_interrupted_and_no_thread_stays_stopped(void **state)
{
	int complete = 0;

	(void)state;
	for (int i = 0; i < 6; i++) {
		struct run *r = guarded(SET("WALL=150ms", "STACKS=1", "WALL_ACTION=USR1:10s,KILL"),
					ARGV("notice_interruptions"));

		expect_exit(r, 0);
		expect_out(r, "interrupted=0\nstuck=0\n");
		complete += record_int(r, "stacks.threads") == 7;
		run_free(r);
	}
	/* A busy machine has not made all of them yet, or the look is cut short. */
	assert_true(complete > 0);
}

static void where_tracing_is_refused_the_states_are_told_and_the_record_says_so(void **state)
{
	struct run *r;

	(void)state;
	if (geteuid() != 0)
		skip();
	/* A change of user makes a process one that only root may look into. */
	r = guarded(SET("WALL=1s", "STACKS=1"), ARGV("drop_user", "spin"));
	expect_ended_by(r, SIGTERM, "wall");
	expect(r, !strcmp(record_activity(r), "spinning"));
	expect(r, record_bool(r, "stacks.refused"));
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_that_spin_and_that_wait_are_told_apart_by_function),
		cmocka_unit_test(a_program_that_only_spins_is_spinning_and_one_that_only_waits_is_blocked),
		cmocka_unit_test(a_child_that_spins_is_seen_whichever_process_takes_the_step),
		cmocka_unit_test(the_whole_text_goes_to_the_file_before_the_first_signal_and_before_kill),
		cmocka_unit_test(with_1_the_whole_text_goes_to_the_log),
		cmocka_unit_test(without_it_or_with_0_nothing_is_noted),
		cmocka_unit_test(what_is_neither_a_switch_nor_a_file_is_refused),
		cmocka_unit_test(three_thousand_threads_hold_no_limit_up),
		cmocka_unit_test(no_call_of_the_program_is_interrupted_and_no_thread_stays_stopped),
		cmocka_unit_test(where_tracing_is_refused_the_states_are_told_and_the_record_says_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
