/*
 * test_fenced.c - the byte budget on a kernel that knows no membarrier, or under a filter that forbids it:
 * each change pays for its own fence, and the budget is as exact.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static void know_no_membarrier(const void *unused)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_membarrier, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	(void)unused;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(96);
}

static struct run *fenced(const char *const set[], const char *const argv[])
{
	struct run *r = run_guarded(&(struct spec){.set = set, .argv = argv, .prepare = know_no_membarrier});

	expect_exit(r, 0);
	assert_string_equal(record_str(r, "coverage.reclaim"), "atomics");
	return r;
}

static void threads_together_get_the_whole_budget_and_never_more(void **state)
{
	struct run *r = fenced(SET("MEM=9M"), ARGV("allocate_in_threads", "8", "1000"));

	(void)state;
	expect(r, out_number(r, "total") <= 9 * MIB);
	expect(r, out_number(r, "total") >= 9 * MIB - 8 * 1008 - BASELINE);
	expect(r, record_int(r, "mem_peak_bytes") <= 9 * MIB);
	/* What dead threads held comes back. */
	expect(r, out_number(r, "alone") >= 9 * MIB - 1008 - BASELINE);
	run_free(r);
}

static void processes_together_get_the_whole_budget_and_never_more(void **state)
{
	struct run *r = fenced(SET("MEM=16M"), ARGV("allocate_in_children", "4", "5000"));

	(void)state;
	expect(r, out_number(r, "total") <= 16 * MIB);
	expect(r, out_number(r, "total") >= 16 * MIB - 4 * 5008 - BASELINE);
	run_free(r);
}

static void every_spike_is_seen(void **state)
{
	static const char *const who[] = {NULL, "thread", "process"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r = fenced(SET("MEM=2M", "MEM_HARD=4M", "MEM_GRACE=1h", "MEM_ACTION=TERM,KILL"),
				       ARGV("spike_above", "20", "3000000", "20000", "1000", "10", who[i]));

		expect(r, out_number(r, "done") == 20);
		expect(r, record_int(r, "mem_spikes") == 20);
		expect(r, record_int(r, "mem_spike_longest_ns") <= out_number(r, "longest"));
		run_free(r);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(threads_together_get_the_whole_budget_and_never_more),
		cmocka_unit_test(processes_together_get_the_whole_budget_and_never_more),
		cmocka_unit_test(every_spike_is_seen),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
