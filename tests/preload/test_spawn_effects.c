/*
 * test_spawn_effects.c - what else is to hold of processes that are not made by fork, and of threads made by
 * clone.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <stdio.h>
#include <string.h>

static void a_program_that_no_preload_reaches_counts_too(void **state)
{
	static const char *const ways[] = {"spawn-unguarded", "pidfd_spawn-unguarded"};
	char unguarded[4200];

	(void)state;
	snprintf(unguarded, sizeof(unguarded), "UNGUARDED=%s", subject_path("wait_unguarded"));
	for (int i = 0; i < 2; i++) {
		struct run *r =
			run_guarded(&(struct spec){.set = SET("RESLIMIT_PROCS=4", unguarded),
						   .verbatim = true,
						   .preload = subject_path("libpidfdspawn.so"),
						   .argv = ARGV("make_processes", ways[i], "4", "9")});

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		expect_out(r, "made0=4 errno=11\nmade1=4 errno=11\nmade2=4 errno=11\n");
		run_free(r);
	}
}

static void a_spawn_that_fails_gives_its_place_back(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("fail_to_spawn", "50"));
	struct run *b = bare(ARGV("fail_to_spawn", "50"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "missing=2 directory=13 good=0");
	expect(r, !strcmp(r->out, b->out)); /* errno too, whatever libc makes of it */
	expect(r, !record_find(r, "denied.procs"));
	run_free(b);
	run_free(r);
}

static void file_actions_and_attributes_arrive(void **state)
{
	struct run *r = guarded(SET("PROCS=9"), ARGV("use_spawn_options"));
	struct run *b = bare(ARGV("use_spawn_options"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "/usr\nleader\n");
	expect_out(r, "error=0 status=0\n");
	expect(r, !strcmp(r->out, b->out));
	run_free(b);
	run_free(r);
}

static const char *const starters[] = {"posix_spawn", "posix_spawnp", "system", "popen", "wordexp"};
static const char *const environments[] = {"full", "empty", "null", "own"};

static void every_environment_keeps_the_limits(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		for (int k = 0; k < 4; k++) {
			struct run *r =
				guarded(SET("MEM=8M"), ARGV("start_program", starters[i], environments[k],
							    subject_path("allocate_until_refused"), "10000"));

			print_message("# %s %s\n", starters[i], environments[k]);
			expect_exit(r, 0);
			expect_out(r, "errno=12");
			expect_out(r, "status=0 same=1");
			expect(r, record_int(r, "denied.mem") == 1);
			expect(r, json_array_size(record_find(r, "escapes")) == 0);
			run_free(r);
		}
	}
}

static void the_environment_arrives_beside_ours_and_stays_the_programs_own(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++) {
		struct run *r = guarded(SET("MEM=8M"), ARGV("start_program", starters[i], "own",
							    subject_path("print_environ")));

		print_message("# %s\n", starters[i]);
		expect_exit(r, 0);
		expect_out(r, "OWN=1\n");
		expect_out(r, "/nonexistent-own.so");
		expect_out(r, "libreslimit_preload.so");
		expect(r, !strstr(r->out, "HOME="));
		expect_out(r, strncmp(starters[i], "posix", 5) ? "same=1 entries=2\n" : "status=0");
		run_free(r);
	}
}

static void a_cancelled_system_gives_its_place_back(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("cancel_system", "40"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "status=768 shell=1\n");
	expect(r, !record_find(r, "denied.procs"));
	run_free(r);
}

static void words_without_a_command_need_no_process(void **state)
{
	struct run *r = guarded(SET("PROCS=0"), ARGV("expand_words", "a b", "$((1 + 2))", "'$(echo no)'",
						     "'`'\"$((3))\"", "\\$HOME"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "error=0 errno=0: a b\nerror=0 errno=0: 3\nerror=0 errno=0: $(echo no)\n");
	expect(r, !record_find(r, "denied.procs"));
	run_free(r);
}

static void several_commands_in_words_share_one_place(void **state)
{
	struct run *r =
		guarded(SET("PROCS=1"), ARGV("expand_words", "$(echo a) `echo b` $(echo c)", "$(:)",
					     "\"$(echo 'd  e')\"", "$((1 + $(echo 4)))", "'it' $(echo f)"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "error=0 errno=0: a b c\nerror=0 errno=0:\nerror=0 errno=0: d  e\n");
	expect_out(r, ": it f\n");
	expect(r, !record_find(r, "denied.procs"));
	expect(r, json_array_size(record_find(r, "escapes")) == 0);
	run_free(r);
}

static void a_daemon_takes_its_parents_place(void **state)
{
	struct run *r = guarded(SET("PROCS=3"), ARGV("become_daemon", "9"));
	struct run *b = bare(ARGV("become_daemon", "9"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "daemon=0 errno=0 moved=1 session=1 out=/dev/null cwd=/\nmore=2\n");
	expect_out(b, "daemon=0 errno=0 moved=1 session=1 out=/dev/null cwd=/\nmore=9\n");
	run_free(b);
	run_free(r);
}

static void a_daemon_that_finds_no_place_is_told(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("become_daemon", "0"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "daemon=-1 errno=11 moved=0");
	expect(r, !strcmp(record_str(r, "first_denial.call"), "daemon"));
	run_free(r);
}

static void a_terminal_is_opened_as_without_us(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("open_terminal"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "tty=1 leader=1 size=1 named=1\r\nstatus=4\n");
	run_free(r);
	/* A refusal leaves no descriptor behind. */
	r = guarded(SET("PROCS=0"), ARGV("open_terminal"));
	expect_out(r, "pid=-1 errno=11 open=0\n");
	run_free(r);
}

static void a_raw_forks_child_has_a_cell_of_its_own(void **state)
{
	static const char *const ways[] = {"clone", "clone-by-number", "clone3", "fork"};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = guarded(SET("MEM=8M"), ARGV("hold_in_raw_child", ways[i]));

		print_message("# %s\n", ways[i]);
		expect_exit(r, 0);
		expect_out(r, "beside=3\nalone=7\n");
		expect(r, json_array_size(record_find(r, "escapes")) == 0);
		run_free(r);
	}
}

static void threads_of_clone_count_until_they_end(void **state)
{
	struct run *r = guarded(SET("THREADS=6"), ARGV("clone_threads", "4"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "made0=4 errno=0 pthreads=2\nmade1=4 errno=0 pthreads=2\nmade2=4 errno=0 pthreads=2\n");
	run_free(r);
	r = guarded(SET("THREADS=3"), ARGV("clone_threads", "5"));
	expect_exit(r, 0);
	expect_out(r, "made0=3 errno=11 pthreads=0\nmade1=3 errno=11 pthreads=0\n");
	expect(r, !strcmp(record_str(r, "first_denial.call"), "clone"));
	run_free(r);
}

static void other_system_calls_pass_with_arguments_and_errno(void **state)
{
	struct run *r = guarded(SET("PROCS=1"), ARGV("call_by_number"));
	struct run *b = bare(ARGV("call_by_number"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "six=1 errno=99\nbad=-1 errno=9\nnone=-1 errno=38\n");
	expect_out(r, "pid=1\n");
	expect(r, !strcmp(r->out, b->out));
	run_free(b);
	run_free(r);
}

static void threads_that_start_children_together_get_all_their_places(void **state)
{
	/* Each has one child at a time, so as many places are enough, and each is needed. */
	struct run *r = run_guarded(&(struct spec){.set = SET("PROCS=8", "MEM=64M"),
						   .argv = ARGV("start_from_threads", "8", "150", "20"),
						   .timeout_s = 120});

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "refused=0 bad=0 made=8\n");
	expect(r, record_int(r, "procs_peak") == 8);
	expect(r, json_array_size(record_find(r, "escapes")) == 0);
	run_free(r);
}

static bool notes(const struct run *r, const char *word)
{
	const json_t *escapes = record_find(r, "escapes"), *entry;
	size_t i;

	json_array_foreach(escapes, i, entry) if (!strcmp(json_string_value(entry), word)) return true;
	return false;
}

static void threads_of_libc_itself_are_noted(void **state)
{
	struct run *r = guarded(SET("THREADS=4", "WALL=1h"), ARGV("start_libc_thread", "timer"));

	(void)state;
	expect_exit(r, 0);
	expect(r, notes(r, "libc-threads"));
	run_free(r);
	r = guarded(SET("THREADS=4", "WALL=1h"), ARGV("start_libc_thread", "own"));
	expect_exit(r, 0);
	expect(r, !notes(r, "libc-threads"));
	run_free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_program_that_no_preload_reaches_counts_too),
		cmocka_unit_test(a_spawn_that_fails_gives_its_place_back),
		cmocka_unit_test(file_actions_and_attributes_arrive),
		cmocka_unit_test(every_environment_keeps_the_limits),
		cmocka_unit_test(the_environment_arrives_beside_ours_and_stays_the_programs_own),
		cmocka_unit_test(a_cancelled_system_gives_its_place_back),
		cmocka_unit_test(words_without_a_command_need_no_process),
		cmocka_unit_test(several_commands_in_words_share_one_place),
		cmocka_unit_test(a_daemon_takes_its_parents_place),
		cmocka_unit_test(a_daemon_that_finds_no_place_is_told),
		cmocka_unit_test(a_terminal_is_opened_as_without_us),
		cmocka_unit_test(a_raw_forks_child_has_a_cell_of_its_own),
		cmocka_unit_test(threads_of_clone_count_until_they_end),
		cmocka_unit_test(other_system_calls_pass_with_arguments_and_errno),
		cmocka_unit_test(threads_that_start_children_together_get_all_their_places),
		cmocka_unit_test(threads_of_libc_itself_are_noted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
