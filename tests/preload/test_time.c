/*
 * test_time.c - wall and processor time: when, by which steps, and who is hit.
 *
 * SPDX-License-Identifier: MIT
 */
#include <time.h>

#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* How late a busy machine of two processors may make us; the bench measures the real figure. */
#define LATE (150 * MS)

static int64_t cpu_ns(const struct run *r)
{
	return (r->usage.ru_utime.tv_sec + r->usage.ru_stime.tv_sec) * SEC +
	       (r->usage.ru_utime.tv_usec + r->usage.ru_stime.tv_usec) * 1000LL;
}

/* The n-th step of the record, or "". */
static const char *step(const struct run *r, size_t n)
{
	json_t *entry = json_array_get(record_find(r, "steps"), n);
	const char *name = json_string_value(json_object_get(entry, "step"));

	return name ? name : "";
}

static int64_t step_ns(const struct run *r, size_t n)
{
	return json_integer_value(json_object_get(json_array_get(record_find(r, "steps"), n), "at_ns"));
}

static void wall_time_ends_sleeping_and_spinning_programs(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("WALL=200ms"), ARGV("run_for_ever", ways[i]));

		expect_signal(r, SIGTERM);
		expect(r, r->elapsed_ns >= 200 * MS);
		expect(r, r->elapsed_ns < 200 * MS + LATE);
		expect_verdict(r, "wall");
		expect(r, record_bool(r, "certain"));
		expect(r, record_int(r, "signal") == SIGTERM);
		expect(r, !strcmp(step(r, 0), "TERM"));
		expect(r, step_ns(r, 0) >= 199 * MS && step_ns(r, 0) < 200 * MS + LATE);
		expect(r, record_int(r, "wall_ns") >= 199 * MS);
		expect(r, record_int(r, "limits.wall_ns") == 200 * MS);
		run_free(r);
	}
}

static void kill_follows_after_the_grace_when_term_is_ignored(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r =
			guarded(SET("WALL=100ms", "GRACE=200ms"), ARGV("run_for_ever", ways[i], "15"));

		expect_signal(r, SIGKILL);
		expect(r, r->elapsed_ns >= 300 * MS);
		expect(r, r->elapsed_ns < 300 * MS + LATE);
		expect_verdict(r, "wall");
		expect(r, record_bool(r, "certain"));
		expect(r, record_int(r, "signal") == SIGKILL);
		expect(r, !strcmp(step(r, 0), "TERM"));
		expect(r, !strcmp(step(r, 1), "KILL"));
		run_free(r);
	}
}

static void a_program_that_handles_term_exits_its_own_way(void **state)
{
	struct run *r = guarded(SET("WALL=100ms"), ARGV("handle_the_end", "15"));

	(void)state;
	expect_exit(r, 42);
	expect_out(r, "caught 15\n");
	expect_verdict(r, "wall");
	expect(r, record_int(r, "exit_code") == 42);
	run_free(r);
}

static void processor_time_ends_with_xcpu_and_then_kill(void **state)
{
	struct run *r = guarded(SET("CPU=200ms"), ARGV("run_for_ever", "spin"));

	(void)state;
	expect_signal(r, SIGXCPU);
	expect(r, cpu_ns(r) >= 190 * MS);
	expect(r, cpu_ns(r) < 200 * MS + LATE);
	expect_verdict(r, "cpu");
	expect(r, record_bool(r, "certain"));
	expect(r, !strcmp(step(r, 0), "XCPU"));
	run_free(r);

	r = guarded(SET("CPU=100ms", "GRACE=100ms"), ARGV("run_for_ever", "spin", "24"));
	expect_signal(r, SIGKILL);
	expect_verdict(r, "cpu");
	expect(r, !strcmp(step(r, 1), "KILL"));
	run_free(r);
}

static void sleeping_uses_no_processor_time(void **state)
{
	struct run *r = guarded(SET("CPU=100ms", "WALL=500ms"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect_verdict(r, "wall");
	run_free(r);
}

static void processor_time_is_summed_over_the_tree(void **state)
{
	struct run *r = guarded(SET("CPU=300ms"), ARGV("spin_in_children", "2"));

	(void)state;
	expect_verdict(r, "cpu");
	expect(r, r->elapsed_ns >= 150 * MS); /* on as many processors as there are children */
	expect(r, record_int(r, "cpu_ns") >= 300 * MS);
	run_free(r);
}

static void wall_time_ends_children_too(void **state)
{
	/* Their ends of the output pipes close only when they die: run_guarded() waits for that. */
	struct run *r = guarded(SET("WALL=200ms"), ARGV("spin_in_children", "3"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, r->elapsed_ns < 200 * MS + LATE);
	expect_verdict(r, "wall");
	run_free(r);
}

/* How long it takes until the last of a tree is gone, whose first process exits 0 at once. */
static int64_t tree_ns(const char *const set[], const char *const argv[])
{
	struct timespec begin, end;
	struct run *r;

	clock_gettime(CLOCK_MONOTONIC, &begin);
	/* Their ends of the output pipes close only when they die: run_guarded() waits for that. */
	r = guarded(set, argv);
	clock_gettime(CLOCK_MONOTONIC, &end);
	expect_exit(r, 0);
	run_free(r);
	return (end.tv_sec - begin.tv_sec) * SEC + end.tv_nsec - begin.tv_nsec;
}

static void children_that_outlive_their_parent_meet_the_deadline(void **state)
{
	(void)state;
	/* TERM at the deadline, whether or not they have called anything that we see. */
	assert_in_range(tree_ns(SET("WALL=300ms"), ARGV("spin_in_children", "2", "leave")), 299 * MS,
			300 * MS + LATE);
	assert_in_range(tree_ns(SET("WALL=300ms"), ARGV("leave_sleeping_child")), 299 * MS, 300 * MS + LATE);
	assert_in_range(tree_ns(SET("WALL=300ms", "WALL_ACTION=KILL"), ARGV("leave_sleeping_child")),
			299 * MS, 300 * MS + LATE);
	/* The kernel's own timer knows nothing of processor time. */
	assert_in_range(tree_ns(SET("WALL=1h", "CPU=300ms"), ARGV("spin_in_children", "1", "leave")),
			290 * MS, 2 * SEC);
}

static void repeated_refusals_escalate_as_the_list_says(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_ACTION=deny:200ms,TERM"), ARGV("insist_on_allocating"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, r->elapsed_ns >= 200 * MS);
	expect_verdict(r, "mem");
	expect(r, record_bool(r, "certain"));
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
	expect_signal(r, SIGUSR1);
	expect_verdict(r, "mem");
	run_free(r);

	r = guarded(SET("THREADS=1", "THREADS_ACTION=KILL"), ARGV("create_threads", "pthread", "3"));
	expect_signal(r, SIGKILL);
	expect_verdict(r, "threads");
	run_free(r);
}

static void a_limits_own_steps_are_taken(void **state)
{
	struct run *r = guarded(SET("WALL=100ms", "WALL_ACTION=HUP:100ms,INT:100ms,KILL"),
				ARGV("run_for_ever", "sleep", "1", "2"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect(r, r->elapsed_ns >= 300 * MS && r->elapsed_ns < 300 * MS + LATE);
	expect(r, !strcmp(step(r, 0), "HUP"));
	expect(r, !strcmp(step(r, 1), "INT"));
	expect(r, !strcmp(step(r, 2), "KILL"));
	run_free(r);
}

static void zero_wall_time_ends_at_once(void **state)
{
	struct run *r = guarded(SET("WALL=0"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect(r, WIFSIGNALED(r->status) || WEXITSTATUS(r->status) == EXIT_REFUSED_TO_START);
	expect(r, r->elapsed_ns < LATE);
	run_free(r);
}

static void a_program_whose_main_thread_left_is_still_limited(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("WALL=200ms"), ARGV("leave_main_thread", ways[i]));

		expect_out(r, "going on 1\n");
		expect_signal(r, SIGTERM);
		expect(r, r->elapsed_ns < 200 * MS + LATE);
		expect_verdict(r, "wall");
		run_free(r);
	}
}

static void ending_in_time_is_not_delayed_by_the_timer(void **state)
{
	struct run *r = guarded(SET("WALL=30s", "CPU=30s"), ARGV("end_by", "return", "3"));

	(void)state;
	expect_exit(r, 3);
	expect(r, r->elapsed_ns < SEC);
	expect_verdict(r, "exit");
	run_free(r);
}

static void programs_that_unshare_their_user_namespace_work(void **state)
{
	const char *const *argv = ARGV("/usr/bin/unshare", "-Ur", "/bin/true");
	struct run *b = bare(argv), *g = guarded(SET("WALL=30s", "CPU=10s"), argv);

	(void)state;
	/* A kernel that lets nobody do it says the same with us and without. */
	expect(g, g->status == b->status);
	expect(g, !strcmp(g->err, b->err));
	run_free(g);
	if (b->status == 0) {
		g = guarded(SET("WALL=200ms"), ARGV("/usr/bin/unshare", "-Ur", "/bin/sleep", "10"));
		expect_signal(g, SIGTERM);
		expect(g, g->elapsed_ns < 200 * MS + LATE);
		run_free(g);
	}
	run_free(b);
}

static void no_thread_keeps_old_credentials(void **state)
{
	struct run *r = guarded(SET("WALL=400ms"), ARGV("drop_user"));

	(void)state;
	if (geteuid() == 0) {
		expect_out(r, "all=1");
		expect_signal(r, SIGTERM);
	} else {
		expect_exit(r, 77); /* setresuid is refused, as ever */
	}
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wall_time_ends_sleeping_and_spinning_programs),
		cmocka_unit_test(kill_follows_after_the_grace_when_term_is_ignored),
		cmocka_unit_test(a_program_that_handles_term_exits_its_own_way),
		cmocka_unit_test(processor_time_ends_with_xcpu_and_then_kill),
		cmocka_unit_test(sleeping_uses_no_processor_time),
		cmocka_unit_test(processor_time_is_summed_over_the_tree),
		cmocka_unit_test(wall_time_ends_children_too),
		cmocka_unit_test(children_that_outlive_their_parent_meet_the_deadline),
		cmocka_unit_test(repeated_refusals_escalate_as_the_list_says),
		cmocka_unit_test(an_action_without_deny_ends_at_the_first_breach),
		cmocka_unit_test(a_limits_own_steps_are_taken),
		cmocka_unit_test(zero_wall_time_ends_at_once),
		cmocka_unit_test(a_program_whose_main_thread_left_is_still_limited),
		cmocka_unit_test(ending_in_time_is_not_delayed_by_the_timer),
		cmocka_unit_test(programs_that_unshare_their_user_namespace_work),
		cmocka_unit_test(no_thread_keeps_old_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
