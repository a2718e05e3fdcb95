/*
 * test_call.c - the step `call`: the program's own callback at a limit.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>

/* Delays that must not be waited for are longer. Who registers its callback has this much time before. */
#define SOON (9 * SEC)

static void a_refusal_calls_in_the_refused_thread(void **state)
{
	static const char *const mem =
		"called 1 limit=mem value=2097152 next=KILL in=1 refused=malloc bytes=67108864 "
		"same=1 arg=4711 errno=0\nerror=ENOMEM calls=1\n";
	struct run *r =
		guarded(SET("MEM=2M", "MEM_ACTION=call:10s,KILL"), ARGV("call_at_limit", "mem", "return"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, mem);
	expect(r, step_is(r, 0, "call"));
	expect(r, record_int(r, "denied.mem") == 1);
	expect_verdict(r, "mem");
	run_free(r);

	r = guarded(SET("MEM=2M", "MEM_ACTION=call:10s,KILL"),
		    ARGV("call_at_limit", "mem", "return", "beside"));
	expect_exit(r, 0);
	expect_out(r, mem);
	run_free(r);

	r = guarded(SET("THREADS=0", "THREADS_ACTION=call:10s,TERM"),
		    ARGV("call_at_limit", "threads", "return"));
	expect_exit(r, 0);
	expect(r,
	       strstr(r->out, "limit=threads value=0 next=TERM in=1 refused=pthread_create bytes=0 same=1") !=
		       NULL);
	expect(r, strstr(r->out, "error=EAGAIN calls=1\n") != NULL);
	run_free(r);

	r = guarded(SET("PROCS=0", "PROCS_ACTION=call"), ARGV("call_at_limit", "procs", "return"));
	expect_exit(r, 0);
	expect(r, strstr(r->out, "limit=procs value=0 next=none in=0 refused=fork bytes=0 same=1") != NULL);
	expect(r, strstr(r->out, "error=EAGAIN calls=1\n") != NULL);
	run_free(r);
}

static void a_refusal_within_the_callback_calls_nothing(void **state)
{
	struct run *r =
		guarded(SET("MEM=2M", "MEM_ACTION=call:10s,KILL"), ARGV("call_at_limit", "mem", "allocate"));

	(void)state;
	expect_exit(r, 0);
	expect(r, strstr(r->out, "inner=0\nerror=ENOMEM calls=1\n") != NULL);
	expect(r, record_int(r, "denied.mem") == 2);
	run_free(r);
}

static void repeated_refusals_lead_to_the_call(void **state)
{
	struct run *r = guarded(SET("MEM=2M", "MEM_ACTION=deny:100ms,call:10s,KILL"),
				ARGV("call_at_limit", "again", "return"));

	(void)state;
	expect_exit(r, 0);
	expect(r, r->elapsed_ns >= 100 * MS);
	expect(r, strstr(r->out, "refused=malloc bytes=67108864 same=1") != NULL);
	expect(r, record_int(r, "denied.mem") > 1);
	run_free(r);
}

static void a_deadline_calls_in_the_program(void **state)
{
	struct run *r = guarded(SET("WALL=300ms", "WALL_ACTION=call:10s,KILL"),
				ARGV("call_at_limit", "sleep", "exit"));

	(void)state;
	expect_exit(r, 42);
	expect(r, r->elapsed_ns >= 300 * MS && r->elapsed_ns < SOON);
	expect_out(r, "called 1 limit=wall value=300000000 next=KILL in=1 refused=none bytes=0 same=1 "
		      "arg=4711 errno=1\n");
	expect_verdict(r, "wall");
	expect(r, step_is(r, 0, "call"));
	run_free(r);

	/* In the middle of what it does, and without a trace in errno. */
	r = guarded(SET("CPU=100ms", "CPU_ACTION=call:10s,KILL"), ARGV("call_at_limit", "spin", "return"));
	expect_exit(r, 0);
	expect(r, strstr(r->out, "limit=cpu value=100000000") != NULL);
	expect_verdict(r, "cpu");
	run_free(r);

	r = guarded(SET("WALL=300ms", "WALL_ACTION=call:10s,KILL"), ARGV("call_at_limit", "thread", "exit"));
	expect_exit(r, 42);
	expect(r, strstr(r->out, "same=1") != NULL);
	run_free(r);

	r = guarded(SET("WATCH=fds<=50", "TICK=5ms", "WATCH_ACTION=call:10s,KILL"),
		    ARGV("call_at_limit", "fds", "exit"));
	expect_exit(r, 42);
	expect(r, strstr(r->out, "limit=custom:fds ") != NULL);
	expect_verdict(r, "custom:fds");
	run_free(r);
}

static void one_that_does_not_return_holds_nothing_up(void **state)
{
	struct run *r = guarded(SET("WALL=300ms", "WALL_ACTION=call:100ms,TERM:10s,KILL"),
				ARGV("call_at_limit", "sleep", "hang"));

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	expect(r, r->elapsed_ns >= 400 * MS && r->elapsed_ns < SOON);
	expect(r, step_is(r, 0, "call") && step_is(r, 1, "TERM"));
	run_free(r);

	r = guarded(SET("MEM=2M", "MEM_ACTION=call:100ms,KILL"), ARGV("call_at_limit", "mem", "hang"));
	expect_ended_by(r, SIGKILL, "mem");
	expect(r, r->elapsed_ns >= 100 * MS && r->elapsed_ns < SOON);
	run_free(r);
}

static void it_may_leave_by_a_jump(void **state)
{
	static const char *const where[] = {"mem", "sleep"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(
			SET("MEM=2M", "MEM_ACTION=call:10s,KILL", "WALL=300ms", "WALL_ACTION=call:10s,KILL"),
			ARGV("call_at_limit", where[i], "jump"));

		expect_exit(r, 0);
		expect(r, strstr(r->out, "jumped calls=1\n") != NULL);
		run_free(r);
	}
}

static void each_step_calls_once(void **state)
{
	struct run *r = guarded(SET("WALL=300ms", "WALL_ACTION=call:500ms,call:500ms,TERM"),
				ARGV("call_at_limit", "sleep", "return"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, strstr(r->out, "called 1 ") && strstr(r->out, "called 2 ") && count_lines(r->out) == 2);
	expect(r, step_is(r, 0, "call") && step_is(r, 1, "call"));
	run_free(r);
}

static void a_forked_child_is_called_too(void **state)
{
	struct run *r = guarded(SET("WALL=300ms", "WALL_ACTION=call:1s,KILL"),
				ARGV("call_at_limit", "child", "return"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect(r, count_lines(r->out) == 2);
	expect(r, !strncmp(r->out, "called 1 ", 9) && strstr(r->out + 9, "called 1 ") != NULL);
	run_free(r);
}

/* Nobody dies of a signal that is no longer handled: the step is passed over. */
static void without_a_callback_the_next_step_comes_at_once(void **state)
{
	struct run *r;

	(void)state;
	for (int i = 0; i < 3; i++) {
		r = guarded(SET("WALL=300ms", "WALL_ACTION=call:10s,TERM"),
			    i == 0   ? ARGV("run_for_ever", "sleep")
			    : i == 1 ? ARGV("call_at_limit", "exec", "return", subject_path("run_for_ever"))
				     : ARGV("call_at_limit", "sleep", "reset"));
		expect_ended_by(r, SIGTERM, "wall");
		expect(r, r->elapsed_ns >= 300 * MS && r->elapsed_ns < SOON);
		expect(r, step_is_skipped(r, 0, "call") && step_is(r, 1, "TERM"));
		expect(r, strstr(r->out, "called") == NULL);
		run_free(r);
	}
	r = guarded(SET("MEM=1M", "MEM_ACTION=call:10s,KILL"), ARGV("insist_on_allocating"));
	expect_signal(r, SIGKILL);
	expect(r, r->elapsed_ns < SOON);
	expect(r, step_is_skipped(r, 0, "call"));
	run_free(r);
}

/* What each says when the limit's call comes into the midst of something else. */
static void a_callback_keeps_out_of_what_is_not_its_process(void **state)
{
	static const struct {
		const char *way, *out;
	} cases[] = {
		{"own", "own=1 calls=1\n"},
		{"restart", "read=1 errno=0 calls=1\n"},
		{"stack", "on_stack=1\n"},
		{"fork", "child=0\ncalls=1\n"},
		{"vfork", "child=0 registered=ENOENT refused=1\ncalls=1\n"},
		{"late", "child=0 calls=1\n"},
		{"refused", "child=0 calls=1\n"},
		{"busy", "registered=300\n"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		bool calls = strcmp(cases[i].way, "busy") && strcmp(cases[i].way, "refused");
		struct run *r = guarded(SET(calls ? "WALL=500ms" : "WALL=1h", "WALL_ACTION=call:10s,KILL",
					    "MEM=16M", "MEM_ACTION=call:10s,KILL"),
					ARGV("call_in_relatives", cases[i].way));

		print_message("# %s\n", cases[i].way);
		expect_exit(r, 0);
		expect(r, !strcmp(r->out, cases[i].out));
		run_free(r);
	}
}

static void without_a_limit_there_is_nothing_to_register(void **state)
{
	struct run *r = bare(ARGV("call_at_limit", "mem", "return"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "absent\n");
	run_free(r);
	r = run_guarded(&(struct spec){.argv = ARGV("call_at_limit", "mem", "return"), .no_record = true});
	expect_exit(r, 0);
	expect_out(r, "not registered: ENOENT\n");
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refusal_calls_in_the_refused_thread),
		cmocka_unit_test(a_refusal_within_the_callback_calls_nothing),
		cmocka_unit_test(repeated_refusals_lead_to_the_call),
		cmocka_unit_test(a_deadline_calls_in_the_program),
		cmocka_unit_test(one_that_does_not_return_holds_nothing_up),
		cmocka_unit_test(it_may_leave_by_a_jump),
		cmocka_unit_test(each_step_calls_once),
		cmocka_unit_test(a_forked_child_is_called_too),
		cmocka_unit_test(without_a_callback_the_next_step_comes_at_once),
		cmocka_unit_test(a_callback_keeps_out_of_what_is_not_its_process),
		cmocka_unit_test(without_a_limit_there_is_nothing_to_register),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
