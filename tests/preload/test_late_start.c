/*
 * test_late_start.c - a forked child has no watchdog's thread while it may be over soon, and nothing is lost
 * by it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What libc cancels threads by. */
enum { CANCEL_SIGNAL = 32 };

/* A machine that stalls, if it is a virtual one, is time that the child used. */
static bool has_a_thread_early(const struct run *r, const void *early)
{
	return strstr(r->out, "early=") && out_number(r, "early") > *(const int64_t *)early;
}

/* How many threads of ours a child has under each of these settings, at first and when it has stayed. */
static void expect_threads(const char *const *const sets[], int64_t early)
{
	for (; *sets; sets++) {
		struct run *r = run_undisturbed(
			&(struct spec){.set = *sets, .argv = ARGV("fork_passers_by", "threads")},
			has_a_thread_early, &early);

		expect_exit(r, 0);
		expect(r, out_number(r, "early") == early);
		expect(r, out_number(r, "late") == 1);
		run_free(r);
	}
}

static void a_child_has_a_thread_once_it_is_no_passer_by(void **state)
{
	const char *const *const sets[] = {SET("WALL=1h"), SET("CPU=20s"), SET("WALL=1h", "CPU=20s"),
					   SET("WALL=1h", "MEM=64M"), NULL};

	(void)state;
	expect_threads(sets, 0);
}

static void a_child_that_nobody_else_sees_to_has_one_at_once(void **state)
{
	const char *const *const sets[] = {SET("IDLE=20s"),
					   SET("CPU=900ms"),
					   SET("RSS=1G"),
					   SET("WATCH=fds<=1000"),
					   SET("WALL=1h", "SCOPE=process"),
					   SET("WALL=1h", "STACKS=/dev/null"),
					   NULL};

	(void)state;
	expect_threads(sets, 1);
}

static void a_child_that_needs_to_be_alone_has_one_afterwards(void **state)
{
	struct run *b = bare(ARGV("fork_passers_by", "alone"));
	struct run *r = guarded(SET("WALL=1h"), ARGV("fork_passers_by", "alone"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "errno") == out_number(b, "errno"));
	expect(r, out_number(r, "threads") == 1);
	run_free(b);
	run_free(r);
}

static bool is_late(const struct run *r, const void *unused)
{
	(void)unused;
	return r->tree_ns >= 400 * MS + LATE || !strstr(r->out, "term_ms=") || out_number(r, "term_ms") < 300;
}

static void a_sleeping_orphan_of_a_killed_process_gets_the_first_step(void **state)
{
	struct run *r = run_undisturbed(&(struct spec){.set = SET("WALL=400ms", "WALL_ACTION=TERM:5s,KILL"),
						       .argv = ARGV("fork_passers_by", "orphan")},
					is_late, NULL);

	(void)state;
	expect_signal(r, SIGKILL);
	expect(r, r->tree_ns >= 400 * MS && r->tree_ns < 400 * MS + LATE);
	/* The clock began before the program's own did. */
	expect(r, out_number(r, "term_ms") >= 300);
	run_free(r);
}

static void a_process_hears_of_a_step_before_its_children_end(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++) {
		struct run *r = guarded(SET("WALL=200ms"), ARGV("fork_passers_by", "crowd", "200"));

		expect_ended_by(r, SIGTERM, "wall");
		run_free(r);
	}
}

static void no_call_of_a_child_is_interrupted(void **state)
{
	struct run *r = guarded(SET("WALL=1h"), ARGV("fork_passers_by", "calls", "20"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "failed") == 0);
	run_free(r);
}

static void a_child_sleeps_on_when_a_stop_has_put_the_deadline_off(void **state)
{
	struct run *r = guarded(SET("WALL=2s"), ARGV("fork_passers_by", "stopped"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "failed") == 0);
	expect(r, record_int(r, "wall_stopped_ns") >= 1500 * MS);
	run_free(r);
}

static void a_child_that_executes_just_then_lives(void **state)
{
	struct run *r = guarded(SET("WALL=1h"), ARGV("fork_passers_by", "execute", "200"));

	(void)state;
	expect_exit(r, 0);
	expect(r, out_number(r, "failed") == 0);
	run_free(r);
}

/* libc's posix_spawn(), by which make starts us, leaves that signal ignored. */
static void put_signal_back(const void *unused)
{
	static const struct {
		void *handler, *flags, *restorer;
		uint64_t mask;
	} by_default;

	(void)unused;
	if (syscall(SYS_rt_sigaction, CANCEL_SIGNAL, &by_default, NULL, sizeof(by_default.mask)))
		_exit(96);
}

static void libc_s_signal_does_what_it_would_without_us(void **state)
{
	static const char *const ways[] = {"queue", "queue-after"};
	const char *const *const sets[] = {NULL, SET("WALL=1h")};

	(void)state;
	for (int way = 0; way < 2; way++) {
		for (int i = 0; i < 2; i++) {
			struct run *r = run_guarded(&(struct spec){.set = sets[i],
								   .argv = ARGV("fork_passers_by", ways[way]),
								   .bare = !i,
								   .prepare = put_signal_back});

			expect_exit(r, 0);
			expect(r, out_number(r, "status") == (way ? 7 << 8 : CANCEL_SIGNAL));
			run_free(r);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_has_a_thread_once_it_is_no_passer_by),
		cmocka_unit_test(a_child_that_nobody_else_sees_to_has_one_at_once),
		cmocka_unit_test(a_child_that_needs_to_be_alone_has_one_afterwards),
		cmocka_unit_test(a_sleeping_orphan_of_a_killed_process_gets_the_first_step),
		cmocka_unit_test(a_process_hears_of_a_step_before_its_children_end),
		cmocka_unit_test(no_call_of_a_child_is_interrupted),
		cmocka_unit_test(a_child_sleeps_on_when_a_stop_has_put_the_deadline_off),
		cmocka_unit_test(a_child_that_executes_just_then_lives),
		cmocka_unit_test(libc_s_signal_does_what_it_would_without_us),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
