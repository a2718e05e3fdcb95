/*
 * test_steps.c - action lists at work: whom a step reaches, what is passed over, and that the last one ends
 * it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <grp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void kill_follows_after_the_grace_when_term_is_ignored(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(600 * MS, SET("WALL=400ms", "GRACE=200ms"),
					    ARGV("run_for_ever", ways[i], "15"));

		expect_ended_by(r, SIGKILL, "wall");
		expect_due(r, 600 * MS);
		expect(r, record_int(r, "signal") == SIGKILL);
		expect(r, step_is(r, 0, "TERM"));
		expect(r, step_is(r, 1, "KILL"));
		run_free(r);
	}
}

static void a_program_that_handles_term_exits_its_own_way(void **state)
{
	struct run *r = guarded(SET("WALL=500ms"), ARGV("handle_the_end", "15"));

	(void)state;
	expect_exit(r, 42);
	expect_out(r, "caught 15\n");
	expect_verdict(r, "wall");
	expect(r, record_int(r, "exit_code") == 42);
	run_free(r);
}

static void repeated_refusals_escalate_as_the_list_says(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_ACTION=deny:200ms,TERM"), ARGV("insist_on_allocating"));

	(void)state;
	expect_ended_by(r, SIGTERM, "mem");
	expect(r, r->elapsed_ns >= 200 * MS);
	expect(r, step_is(r, 0, "TERM")); /* the refusals were the step before, whose delay is over */
	expect(r, record_int(r, "denied.mem") > 1);
	run_free(r);

	r = guarded(SET("MEM=1M", "MEM_ACTION=deny:5s,TERM"), ARGV("insist_on_allocating", "3"));
	expect_exit(r, 0);
	expect_verdict(r, "ok");
	run_free(r);
}

static void an_action_without_deny_ends_at_the_first_breach(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_ACTION=USR1:50ms,KILL"), ARGV("insist_on_allocating"));

	(void)state;
	expect_ended_by(r, SIGUSR1, "mem");
	run_free(r);

	/* A program that would be over a moment later does not get away. */
	for (int i = 0; i < 30; i++) {
		r = guarded(SET("THREADS=1", "THREADS_ACTION=KILL"), ARGV("create_threads", "pthread", "3"));
		expect_ended_by(r, SIGKILL, "threads");
		expect(r, r->out_len == 0);
		run_free(r);
	}
}

static void a_limits_own_steps_are_taken(void **state)
{
	struct run *r = guarded_due(600 * MS, SET("WALL=400ms", "WALL_ACTION=HUP:100ms,INT:100ms,KILL"),
				    ARGV("run_for_ever", "sleep", "1", "2"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect_due(r, 600 * MS);
	expect(r, step_is(r, 0, "HUP"));
	expect(r, step_is(r, 1, "INT"));
	expect(r, step_is(r, 2, "KILL"));
	run_free(r);
}

static void steps_that_nobody_would_take_are_passed_over_if_asked(void **state)
{
	static const char *const ways[] = {"ignore", "block"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(400 * MS, SET("WALL=400ms", "GRACE=10s", "SKIP_BLOCKED=1"),
					    ARGV("take_only", ways[i]));

		print_message("# %s\n", ways[i]);
		expect_ended_by(r, SIGKILL, "wall");
		expect_due(r, 400 * MS);
		expect(r, step_is_skipped(r, 0, "TERM"));
		expect(r, step_is(r, 1, "KILL"));
		run_free(r);
	}
}

static void steps_are_taken_in_turn_unless_asked(void **state)
{
	struct run *r = guarded(SET("WALL=400ms", "GRACE=400ms"), ARGV("take_only", "ignore"));
	struct run *s =
		guarded(SET("WALL=400ms", "GRACE=400ms", "SKIP_BLOCKED=0"), ARGV("take_only", "block"));

	(void)state;
	expect(r, r->elapsed_ns >= 800 * MS && step_is(r, 0, "TERM"));
	expect(s, s->elapsed_ns >= 800 * MS && step_is(s, 0, "TERM"));
	run_free(r);
	run_free(s);
}

static void a_step_that_one_thread_or_process_would_take_is_not_passed_over(void **state)
{
	struct run *thread = guarded(SET("WALL=500ms", "SKIP_BLOCKED=1"), ARGV("take_only", "thread"));
	struct run *waiting = guarded(SET("WALL=500ms", "SKIP_BLOCKED=1"), ARGV("take_only", "wait"));
	struct run *child =
		guarded(SET("WALL=500ms", "GRACE=300ms", "SKIP_BLOCKED=1"), ARGV("take_only", "child"));

	(void)state;
	expect_signal(thread, SIGTERM);
	expect(thread, step_is(thread, 0, "TERM"));
	expect_exit(waiting, 43);
	expect_out(waiting, "waited for 15\n");
	expect_signal(child, SIGKILL);
	expect(child, child->elapsed_ns >= 800 * MS);
	expect(child, step_is(child, 0, "TERM"));
	run_free(thread);
	run_free(waiting);
	run_free(child);
}

/* While it waits the kernel shows the signal as one that it does not block. */
static void a_first_thread_that_waits_for_the_signal_gets_it(void **state)
{
	struct run *r = guarded(SET("WALL=500ms"), ARGV("take_only", "first"));

	(void)state;
	expect_exit(r, 43);
	expect_out(r, "waited for 15\n");
	expect_verdict(r, "wall");
	run_free(r);
}

static void a_list_that_was_passed_over_ends_nothing_and_is_no_verdict(void **state)
{
	struct run *r = guarded(SET("WALL=500ms", "WALL_ACTION=TERM,INT", "SKIP_BLOCKED=1"),
				ARGV("/bin/bash", "-c", "trap '' TERM INT; /bin/sleep 1.5; exit 5"));

	(void)state;
	expect_exit(r, 5);
	expect(r, step_is_skipped(r, 0, "TERM") && step_is_skipped(r, 1, "INT"));
	expect_verdict(r, "exit");
	run_free(r);
}

static void a_child_with_a_budget_of_its_own_meets_the_same_steps(void **state)
{
	char command[512];
	struct run *r;

	(void)state;
	snprintf(command, sizeof(command), "%s spin & wait $!; echo status=$?", subject_path("run_for_ever"));
	r = run_guarded(&(struct spec){.set = SET("CPU=200ms", "CPU_ACTION=USR1:10s,KILL", "SCOPE=process"),
				       .argv = ARGV("/bin/sh", "-c", command)});
	expect_exit(r, 0);
	expect(r, out_number(r, "status") == 128 + SIGUSR1);
	run_free(r);
}

static void what_refuses_every_signal_is_gone_at_the_last_step(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(
			600 * MS, SET("WALL=400ms", "WALL_ACTION=TERM:50ms,INT:50ms,XCPU:100ms,KILL"),
			ARGV("refuse_to_end", ways[i], "3"));

		expect_ended_by(r, SIGKILL, "wall");
		expect_due(r, 600 * MS);
		expect(r, step_is(r, 3, "KILL"));
		run_free(r);
	}
}

static void whoever_survives_a_step_meets_the_next_one(void **state)
{
	/* No limit of time: the child's watchdog has nothing to wait for until it is told. */
	struct run *r = run_between(&(struct spec){.set = SET("MEM=4M", "MEM_ACTION=TERM:200ms,KILL"),
						   .argv = ARGV("refuse_in_child")},
				    0, 200 * MS + LATE);

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, r->tree_ns >= 200 * MS);
	expect(r, r->tree_ns < 200 * MS + LATE);
	run_free(r);
}

static void whom_a_kill_missed_is_killed_by_the_next_one(void **state)
{
	struct run *r = run_between(
		&(struct spec){.set = SET("WALL=300ms", "WALL_ACTION=KILL"), .argv = ARGV("fork_slowly")},
		300 * MS, 300 * MS + LATE);

	(void)state;
	expect_ended_by(r, SIGKILL, "wall");
	expect_out(r, "missed\n");
	expect(r, r->tree_ns < 300 * MS + LATE);
	run_free(r);
}

enum { GROUPS = 2000, FIRST_GROUP = 100000 };

static void take_groups(const void *unused)
{
	static gid_t groups[GROUPS];

	(void)unused;
	for (int i = 0; i < GROUPS; i++)
		groups[i] = (gid_t)(FIRST_GROUP + i);
	if (setgroups(GROUPS, groups))
		_exit(96);
}

/* They stand in /proc/PID/status before what it says of signals and threads. */
static void a_user_of_many_groups_meets_the_same_steps(void **state)
{
	struct run *r;

	(void)state;
	if (geteuid() != 0)
		skip();
	r = run_guarded(&(struct spec){.set = SET("WALL=400ms", "GRACE=400ms", "SKIP_BLOCKED=1"),
				       .argv = ARGV("take_only", "ignore"),
				       .prepare = take_groups});
	expect(r, step_is_skipped(r, 0, "TERM"));
	run_free(r);
	r = run_guarded(&(struct spec){.set = SET("WALL=300ms", "WALL_ACTION=call:10s,KILL"),
				       .argv = ARGV("call_at_limit", "sleep", "exit"),
				       .prepare = take_groups});
	expect_exit(r, 42);
	run_free(r);
	r = run_guarded(&(struct spec){.set = SET("THREADS=4", "WALL=1h"),
				       .argv = ARGV("start_libc_thread", "timer"),
				       .prepare = take_groups});
	expect_exit(r, 0);
	expect(r, strstr(r->record, "libc-threads") != NULL);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_user_of_many_groups_meets_the_same_steps),
		cmocka_unit_test(kill_follows_after_the_grace_when_term_is_ignored),
		cmocka_unit_test(a_program_that_handles_term_exits_its_own_way),
		cmocka_unit_test(repeated_refusals_escalate_as_the_list_says),
		cmocka_unit_test(an_action_without_deny_ends_at_the_first_breach),
		cmocka_unit_test(a_limits_own_steps_are_taken),
		cmocka_unit_test(steps_that_nobody_would_take_are_passed_over_if_asked),
		cmocka_unit_test(steps_are_taken_in_turn_unless_asked),
		cmocka_unit_test(a_step_that_one_thread_or_process_would_take_is_not_passed_over),
		cmocka_unit_test(a_first_thread_that_waits_for_the_signal_gets_it),
		cmocka_unit_test(a_list_that_was_passed_over_ends_nothing_and_is_no_verdict),
		cmocka_unit_test(whoever_survives_a_step_meets_the_next_one),
		cmocka_unit_test(a_child_with_a_budget_of_its_own_meets_the_same_steps),
		cmocka_unit_test(what_refuses_every_signal_is_gone_at_the_last_step),
		cmocka_unit_test(whom_a_kill_missed_is_killed_by_the_next_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
