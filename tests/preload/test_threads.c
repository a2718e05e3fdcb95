/*
 * test_threads.c - the thread budget: places taken, refused and given back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static void pthread_create_is_refused_with_eagain_at_one_too_many(void **state)
{
	struct run *r = guarded(SET("THREADS=3"), ARGV("create_threads", "pthread", "9"));

	(void)state;
	expect_exit(r, 0);
	/* The code is returned; errno stays what it was. */
	expect_out(r, "made0=3 error=11 errno=99\n");
	expect_out(r, "made1=3 error=11");
	expect_out(r, "made2=3 error=11");
	expect(r, record_int(r, "denied.threads") == 3);
	expect(r, record_int(r, "threads_peak") == 3 || record_int(r, "threads_peak") == 4);
	expect(r, !strcmp(record_str(r, "first_denial.call"), "pthread_create"));
	run_free(r);
}

static void thrd_create_is_refused_with_nomem_at_one_too_many(void **state)
{
	struct run *r = guarded(SET("THREADS=3"), ARGV("create_threads", "thrd", "9"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "made0=3 error=3");
	expect_out(r, "made1=3 error=3");
	expect_out(r, "made2=3 error=3");
	expect(r, !strcmp(record_str(r, "first_denial.call"), "thrd_create"));
	run_free(r);
}

static void as_many_threads_as_allowed_are_granted(void **state)
{
	static const char *const ways[] = {"pthread", "thrd"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("THREADS=9"), ARGV("create_threads", ways[i], "9"));

		expect_exit(r, 0);
		expect_out(r,
			   "made0=9 error=0 errno=99\nmade1=9 error=0 errno=99\nmade2=9 error=0 errno=99\n");
		expect_verdict(r, "ok");
		run_free(r);
	}
}

static void zero_means_no_thread_beside_the_first(void **state)
{
	static const char *const ways[] = {"pthread", "thrd"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded(SET("THREADS=0"), ARGV("create_threads", ways[i], "2"));

		expect_exit(r, 0);
		expect_out(r, "made0=0");
		run_free(r);
	}
}

static void the_timer_thread_takes_no_place(void **state)
{
	struct run *r =
		guarded(SET("THREADS=2", "WALL=1h", "CPU=1h"), ARGV("create_threads", "pthread", "9"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "made0=2 error=11");
	run_free(r);
}

static void every_end_of_a_thread_gives_its_place_back(void **state)
{
	static const char *const ends[] = {"return",   "exit",	 "cancel",    "async",
					   "detached", "detach", "detachself"};

	(void)state;
	for (int i = 0; i < 7; i++) {
		struct run *r = guarded(SET("THREADS=1"), ARGV("cycle_threads", ends[i], "500"));

		print_message("# %s\n", ends[i]);
		expect_exit(r, 0);
		expect_out(r, "refused=0\n");
		run_free(r);
	}
}

static void ten_thousand_threads_in_turn_fit_into_one_place(void **state)
{
	struct run *r = run_guarded(
		&(struct spec){.set = SET("THREADS=1"), .argv = ARGV("cycle_threads", "return", "10000")});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0\n");
	run_free(r);
}

static void ten_thousand_threads_leave_no_bytes_behind(void **state)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("THREADS=1", "MEM=1M"),
						   .argv = ARGV("cycle_threads", "return", "10000")});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0\n");
	run_free(r);
}

static void a_creation_that_fails_gives_its_place_back(void **state)
{
	static const char *const when[] = {"first", "after"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r =
			guarded(SET(i ? "THREADS=2" : "THREADS=1"), ARGV("fail_to_create_thread", when[i]));

		expect_exit(r, 0);
		expect_out(r, "ordinary=0\n");
		expect(r, out_number(r, "absurd") != 0);
		/* The kernel refused, not the budget. */
		expect(r, record_find(r, "denied.threads") == NULL || record_int(r, "denied.threads") == 0);
		expect(r, record_int(r, "threads_peak") == i + 1);
		run_free(r);
	}
}

/* A process keeps the place of its last thread for the next, as long as nobody else needs it. */
static void places_of_threads_that_have_ended_are_everybodys(void **state)
{
	static const char *const wanted[] = {"1", "4", "9"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = guarded(SET("THREADS=4"), ARGV("leave_places", "3", wanted[i]));

		expect_exit(r, 0);
		expect(r, out_number(r, "made") == (i ? 4 : 1));
		expect(r, record_int(r, "threads_peak") == (i ? 4 : 1));
		/* And what there is is no more than that: each of them has one again. */
		expect(r, out_number(r, "again") == 3);
		run_free(r);
	}
}

static void threads_of_forked_children_count_in_the_tree(void **state)
{
	struct run *r = guarded(SET("THREADS=5"), ARGV("create_threads_in_child", "2"));

	(void)state;
	expect_exit(r, 0);
	/* The parent's threads do not live in the child, but they do in the tree. */
	expect_out(r, "child=3\n");
	expect_out(r, "parent=3\n");
	run_free(r);
}

static void threads_count_by_process_under_scope_process(void **state)
{
	struct run *r = guarded(SET("THREADS=5", "SCOPE=process"), ARGV("create_threads_in_child", "2"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "child=5\n");
	expect_out(r, "parent=3\n");
	run_free(r);
}

/* There the process is the child already, and does not know it yet. */
static void threads_that_atfork_handlers_make_in_the_child_are_the_childs(void **state)
{
	struct run *r = guarded(SET("THREADS=1"), ARGV("thread_in_atfork", "40"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0 error=0\n");
	expect(r, record_int(r, "threads_peak") == 1);
	expect(r, json_array_size(record_find(r, "escapes")) == 0);
	run_free(r);
}

static void a_main_thread_may_leave_while_others_go_on(void **state)
{
	struct run *r = guarded(SET("THREADS=1", "WALL=10s"), ARGV("leave_main_thread", "exit"));

	(void)state;
	expect_exit(r, 7);
	expect_out(r, "going on 1");
	expect_record(r);
	expect(r, record_int(r, "exit_code") == 7);
	run_free(r);
	r = guarded(SET("WALL=10s"), ARGV("leave_main_thread", "return"));
	expect_exit(r, 0);
	expect(r, r->elapsed_ns < 9 * SEC);
	expect_record(r);
	/* The last thread is no stranger. */
	expect(r, json_array_size(record_find(r, "escapes")) == 0);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pthread_create_is_refused_with_eagain_at_one_too_many),
		cmocka_unit_test(thrd_create_is_refused_with_nomem_at_one_too_many),
		cmocka_unit_test(as_many_threads_as_allowed_are_granted),
		cmocka_unit_test(zero_means_no_thread_beside_the_first),
		cmocka_unit_test(the_timer_thread_takes_no_place),
		cmocka_unit_test(every_end_of_a_thread_gives_its_place_back),
		cmocka_unit_test(ten_thousand_threads_in_turn_fit_into_one_place),
		cmocka_unit_test(ten_thousand_threads_leave_no_bytes_behind),
		cmocka_unit_test(a_creation_that_fails_gives_its_place_back),
		cmocka_unit_test(places_of_threads_that_have_ended_are_everybodys),
		cmocka_unit_test(threads_of_forked_children_count_in_the_tree),
		cmocka_unit_test(threads_count_by_process_under_scope_process),
		cmocka_unit_test(threads_that_atfork_handlers_make_in_the_child_are_the_childs),
		cmocka_unit_test(a_main_thread_may_leave_while_others_go_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
