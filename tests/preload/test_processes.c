/*
 * test_processes.c - the process budget: fork, _Fork and vfork, refused and given back.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *const ways[] = {"fork", "_Fork", "vfork"};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

static void exactly_as_many_children_as_allowed_and_again_once_reaped(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++) {
		struct run *r = guarded(SET("PROCS=4"), ARGV("fork_children", ways[i], "9"));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		expect_out(r, "made0=4 errno=11\nmade1=4 errno=11\nmade2=4 errno=11\n");
		expect(r, record_int(r, "denied.procs") == 3);
		expect(r, !strcmp(record_str(r, "first_denial.call"), ways[i]));
		run_free(r);
	}
}

static void children_within_the_limit_are_granted_and_errno_kept(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++) {
		struct run *r = guarded(SET("PROCS=9"), ARGV("fork_children", ways[i], "9"));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		expect_out(r, "made0=9 errno=99\nmade1=9 errno=99\nmade2=9 errno=99\n");
		expect_verdict(r, "ok");
		expect(r, record_int(r, "procs_total") >= 27);
		expect(r, record_int(r, "procs_peak") == 9 || record_int(r, "procs_peak") == 10);
		run_free(r);
	}
}

static void zero_means_no_process_beside_the_first(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++) {
		struct run *r = guarded(SET("PROCS=0"), ARGV("fork_children", ways[i], "2"));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		expect_out(r, "made0=0 errno=11");
		run_free(r);
	}
}

static void every_end_of_a_child_gives_its_place_back(void **state)
{
	static const char *const ends[] = {"exit", "kill", "vforkexit", "vforkexec", "zombie"};

	(void)state;
	for (int i = 0; i < 5; i++) {
		struct run *r = guarded(SET("PROCS=1"), ARGV("cycle_children", ends[i], "100"));

		print_message("# %s\n", ends[i]);
		expect_exit(r, 0);
		expect_out(r, "refused=0\n");
		run_free(r);
	}
}

static void two_hundred_tries_give_ten_children(void **state)
{
	struct run *r = guarded(SET("PROCS=10"), ARGV("try_to_fork", "200"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "made=10 errno=11\n");
	expect(r, record_int(r, "denied.procs") == 190);
	run_free(r);
}

static void generations_count_together(void **state)
{
	struct run *r = guarded(SET("PROCS=6"), ARGV("nest_forks"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "depth=6 errno=11\n");
	run_free(r);
}

static void forks_beside_allocating_threads_work(void **state)
{
	struct run *r = run_guarded(
		&(struct spec){.set = SET("PROCS=2", "MEM=64M"), .argv = ARGV("fork_in_threads")});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0 bad=0\n");
	run_free(r);
}

static void forks_beside_allocating_threads_and_a_timer_work(void **state)
{
	struct run *r = run_guarded(&(struct spec){.set = SET("PROCS=1", "MEM=64M", "WALL=1h", "CPU=1h"),
						   .argv = ARGV("fork_in_threads")});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0 bad=0\n");
	run_free(r);
}

static void forked_children_write_no_record_of_their_own(void **state)
{
	struct run *r = guarded(SET("PROCS=4"), ARGV("fork_and_end", "5", "6"));

	(void)state;
	expect_exit(r, 6);
	expect_record(r);
	expect(r, record_int(r, "pid") == r->pid);
	expect(r, record_int(r, "exit_code") == 6);
	run_free(r);
}

static void a_handler_may_fork_in_the_middle_of_a_fork(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = run_guarded(
			&(struct spec){.set = SET("PROCS=3", "MEM=64M"),
				       .argv = ARGV("fork_in_handler", i ? "vfork" : "fork", "200")});

		expect_exit(r, 0);
		expect(r, out_number(r, "bad") == 0);
		expect(r, out_number(r, "handled") > 0);
		expect(r, out_number(r, "left") == 0);
		/* A child that took its parent's credit for its own would leave it wrong by far more. */
		expect(r, record_int(r, "mem_peak_bytes") < 8 * MIB);
		expect(r, json_array_size(record_find(r, "escapes")) == 0);
		run_free(r);
	}
}

/* Seen from here they have other numbers than they know themselves by; the first takes all others along. */
static void processes_of_other_pid_namespaces_give_their_places_back(void **state)
{
	static const char loop[] =
		"for end in : 'sleep 99 & sleep 99 & exit 3' : : 'unshare -p -f sh -c :' :\n"
		"do unshare $HOW -p -f sh -c \"$end\" || echo status=$?; done 2>&1";
	char how[16];
	struct run *r;

	(void)state;
	snprintf(how, sizeof(how), "HOW=%s", getuid() ? "-U -r" : "");
	r = run_guarded(&(struct spec){.set = SET("RESLIMIT_PROCS=5", "RESLIMIT_MEM=64M", how),
				       .verbatim = true,
				       .argv = ARGV("/bin/sh", "-c", loop)});
	expect_exit(r, 0);
	expect(r, !strcmp(r->out, "status=3\n"));
	expect(r, !record_find(r, "denied.procs"));
	expect(r, record_int(r, "mem_end_bytes") < MIB);
	run_free(r);
}

/* It does not know itself by the number that its maker knows, and its parent by none. */
static void who_is_made_by_libc_in_another_pid_namespace_has_one_place(void **state)
{
	static const char *const how[] = {"spawn", "system", "popen"};

	(void)state;
	/* Either may be first. */
	for (int i = 0; i < 30; i++) {
		struct run *r = guarded(SET("PROCS=1"), ARGV("create_in_namespace", how[i % 3]));

		if (WEXITSTATUS(r->status) == 77)
			skip();
		print_message("# %s\n", how[i % 3]);
		expect_exit(r, 0);
		expect(r, record_int(r, "procs_peak") == 1);
		expect(r, record_int(r, "procs_total") == 2);
		run_free(r);
	}
}

static void tasks_with_their_makers_words_leave_nothing_charged(void **state)
{
	static const char *const tasks[] = {"process", "thread"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = run_guarded(
			&(struct spec){.set = SET("MEM=64M"), .argv = ARGV("share_words", tasks[i])});

		expect_exit(r, 0);
		expect_out(r, "left=0\n");
		run_free(r);
	}
}

static void what_a_tree_that_is_killed_cannot_make_is_not_this_limits_refusal(void **state)
{
	struct run *r = guarded(SET("PROCS=9", "THREADS=9"), ARGV("create_while_killed"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "fork=0 errno=11 thread=11\n");
	expect(r, json_object_size(record_find(r, "denied")) == 0);
	run_free(r);
}

/* Neither in the sums nor in the peaks, nor at a limit. */
static void what_the_kernel_refused_was_never_there(void **state)
{
	struct run *r = guarded(SET("PROCS=1", "THREADS=1"), ARGV("create_beyond_rlimit"));

	(void)state;
	if (WEXITSTATUS(r->status) == 77)
		skip();
	expect_exit(r, 0);
	expect_out(r, "made=0\n");
	expect(r, record_int(r, "procs_total") == 1);
	expect(r, record_int(r, "procs_peak") == 0);
	expect(r, record_int(r, "threads_peak") == 0);
	expect(r, !record_find(r, "denied.procs") && !record_find(r, "denied.threads"));
	run_free(r);
	/* Others are there as ever. */
	r = guarded(SET("PROCS=1", "THREADS=1"), ARGV("create_beyond_rlimit", "one"));
	expect_exit(r, 0);
	expect_out(r, "made=1\n");
	expect(r, record_int(r, "procs_total") == 2);
	expect(r, record_int(r, "procs_peak") == 1);
	expect(r, record_int(r, "threads_peak") == 1);
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_as_many_children_as_allowed_and_again_once_reaped),
		cmocka_unit_test(children_within_the_limit_are_granted_and_errno_kept),
		cmocka_unit_test(zero_means_no_process_beside_the_first),
		cmocka_unit_test(every_end_of_a_child_gives_its_place_back),
		cmocka_unit_test(two_hundred_tries_give_ten_children),
		cmocka_unit_test(generations_count_together),
		cmocka_unit_test(forks_beside_allocating_threads_work),
		cmocka_unit_test(forks_beside_allocating_threads_and_a_timer_work),
		cmocka_unit_test(forked_children_write_no_record_of_their_own),
		cmocka_unit_test(a_handler_may_fork_in_the_middle_of_a_fork),
		cmocka_unit_test(processes_of_other_pid_namespaces_give_their_places_back),
		cmocka_unit_test(who_is_made_by_libc_in_another_pid_namespace_has_one_place),
		cmocka_unit_test(tasks_with_their_makers_words_leave_nothing_charged),
		cmocka_unit_test(what_a_tree_that_is_killed_cannot_make_is_not_this_limits_refusal),
		cmocka_unit_test(what_the_kernel_refused_was_never_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
