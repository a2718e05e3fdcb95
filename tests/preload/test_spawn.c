/*
 * test_spawn.c - the process budget at every other way to make a process.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* HOW of make_processes, and the call as the record names it. */
static const struct {
	const char *how, *call;
} ways[] = {
	{"fork", "fork"},
	{"_Fork", "_Fork"},
	{"vfork", "vfork"},
	{"posix_spawn", "posix_spawn"},
	{"posix_spawnp", "posix_spawnp"},
	{"pidfd_spawn", "pidfd_spawn"},
	{"pidfd_spawnp", "pidfd_spawnp"},
	{"popen", "popen"},
	{"_IO_popen", "popen"},
	{"system", "system"},
	{"wordexp", "wordexp"},
	{"forkpty", "forkpty"},
	{"clone", "clone"},
	{"clone-vm", "clone"},
	{"clone-vfork", "clone"},
	{"syscall-clone", "clone"},
	{"syscall-clone-vfork", "clone"},
	{"syscall-clone3", "clone3"},
	{"syscall-clone3-vfork", "clone3"},
#ifdef __x86_64__
	{"syscall-fork", "fork"},
	{"syscall-vfork", "vfork"},
#endif
};
enum { WAYS = sizeof(ways) / sizeof(*ways) };

static void expect_ten_of_two_hundred(const char *how, const char *call, void (*prepare)(const void *))
{
	/* The granted number tells the subject when all threads have been answered. */
	struct run *r = run_guarded(&(struct spec){.set = SET("PROCS=10"),
						   .preload = subject_path("libpidfdspawn.so"),
						   .argv = ARGV("make_processes", how, "10", "200"),
						   .prepare = prepare});

	print_message("# %s\n", how);
	expect_exit(r, 0);
	expect_out(r, "made0=10 errno=11\nmade1=10 errno=11\nmade2=10 errno=11\n");
	expect(r, record_int(r, "denied.procs") == 3 * 190);
	expect(r, record_int(r, "procs_peak") == 10);
	expect(r, record_int(r, "procs_total") == 31);
	expect(r, !strcmp(record_str(r, "first_denial.call"), call));
	expect(r, json_array_size(record_find(r, "escapes")) == 0);
	run_free(r);
}

static void exactly_ten_of_two_hundred_and_again_once_reaped(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++)
		expect_ten_of_two_hundred(ways[i].how, ways[i].call, NULL);
}

/* With a pidfd_spawn() even where libc has none. */
static struct run *make(const char *limit, int way, const char *granted, const char *tries)
{
	return run_guarded(&(struct spec){.set = SET(limit),
					  .preload = subject_path("libpidfdspawn.so"),
					  .argv = ARGV("make_processes", ways[way].how, granted, tries)});
}

static void exactly_ten_of_two_hundred_as_another_user(void **state)
{
	(void)state;
	if (getuid() != 0 || !nobody_can_run(subject_path("make_processes")))
		skip();
	for (int i = 0; i < WAYS; i++)
		expect_ten_of_two_hundred(ways[i].how, ways[i].call, become_nobody);
}

static void children_within_the_limit_are_granted(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++) {
		struct run *r = make("PROCS=9", i, "9", "9");

		print_message("# %s\n", ways[i].how);
		expect_exit(r, 0);
		expect_out(r, "made0=9 errno=0\nmade1=9 errno=0\nmade2=9 errno=0\n");
		expect_verdict(r, "ok");
		expect(r, record_int(r, "procs_total") == 28);
		run_free(r);
	}
}

static void zero_means_no_process_beside_the_first(void **state)
{
	(void)state;
	for (int i = 0; i < WAYS; i++) {
		struct run *r = make("PROCS=0", i, "0", "2");

		print_message("# %s\n", ways[i].how);
		expect_exit(r, 0);
		expect_out(r, "made0=0 errno=11\nmade1=0 errno=11\nmade2=0 errno=11\n");
		run_free(r);
	}
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exactly_ten_of_two_hundred_and_again_once_reaped),
		cmocka_unit_test(exactly_ten_of_two_hundred_as_another_user),
		cmocka_unit_test(children_within_the_limit_are_granted),
		cmocka_unit_test(zero_means_no_process_beside_the_first),
	};

	/* The bench asks for one. */
	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
