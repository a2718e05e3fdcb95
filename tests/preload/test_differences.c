/*
 * test_differences.c - odd calls come to the same guarded as bare: results, errno, and nothing left in the
 * ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* Tells the first line that differs. */
static void expect_same_output(const struct run *guarded, const struct run *bare)
{
	const char *g = guarded->out, *b = bare->out;
	size_t line = 0;

	while (g[line] && g[line] == b[line])
		line++;
	if (g[line] == b[line])
		return;
	while (line && g[line - 1] != '\n')
		line--;
	print_message("# guarded: %.*s\n", (int)strcspn(g + line, "\n"), g + line);
	print_message("# bare:    %.*s\n", (int)strcspn(b + line, "\n"), b + line);
	fail();
}

static void compare(const char *subject, const char *topic, const char *const set[],
		    void (*prepare)(const void *))
{
	const char *const *argv = ARGV(subject, topic);
	struct run *b = run_guarded(&(struct spec){.argv = argv, .bare = true, .prepare = prepare});
	struct run *g = run_guarded(&(struct spec){.argv = argv, .set = set, .prepare = prepare});

	print_message("# %s\n", topic);
	expect_exit(b, 0);
	expect_exit(g, 0);
	expect(b, count_lines(b->out) >= 5);
	expect_same_output(g, b);
	run_free(b);
	run_free(g);
}

/* Limits that are set and far, so that every hook counts; and a timer beside. */
static void compare_all(const char *subject, const char *const topics[])
{
	for (int i = 0; topics[i]; i++) {
		compare(subject, topics[i], SET("PROCS=100", "THREADS=100"), NULL);
		compare(subject, topics[i], SET("MEM=1T", "PROCS=100", "THREADS=100", "WALL=1h", "CPU=1h"),
			NULL);
		if (getuid() == 0 && nobody_can_run(subject_path(subject)))
			compare(subject, topics[i], SET("MEM=1T", "PROCS=100", "THREADS=100"), become_nobody);
	}
}

static void odd_mappings_come_to_the_same_as_bare(void **state)
{
	(void)state;
	compare_all("make_odd_mappings", ARGV("mmap", "munmap", "mremap", "attach"));
}

static void odd_processes_and_threads_come_to_the_same_as_bare(void **state)
{
	(void)state;
	compare_all("make_odd_processes", ARGV("clone", "spawn", "threads"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(odd_mappings_come_to_the_same_as_bare),
		cmocka_unit_test(odd_processes_and_threads_come_to_the_same_as_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
