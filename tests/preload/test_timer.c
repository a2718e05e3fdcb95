/*
 * test_timer.c - the thread that keeps the time: it is there, it is in no way, and who comes in its place.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <dirent.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Kills a program that asks the kernel for the date, or waits for one; the vDSO serves us no dates. */
static void forbid_dates(const void *unused)
{
	static struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_futex, 6, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_nanosleep, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_timer_create, 1, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_timerfd_create, 0, 7),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLOCK_REALTIME, 4, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[3])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 3, 0), /* waits for no time at all */
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, FUTEX_CLOCK_REALTIME, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog program = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	(void)unused;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(96);
}

/* Whoever may set the clock cannot move what never looks at it. */
static void no_deadline_asks_for_the_date(void **state)
{
	/* Who handles what comes before KILL has until then to say so. */
	static const struct {
		const char *set[6], *how, *verdict;
	} limits[] = {
		{{"WALL=200ms", "WALL_ACTION=CONT:50ms,KILL"}, "sleep", "wall"},
		{{"CPU=200ms", "CPU_ACTION=CONT:50ms,KILL"}, "spin", "cpu"},
		{{"IDLE=200ms", "IDLE_ACTION=CONT:50ms,KILL"}, "sleep", "idle"},
		{{"RSS=1", "RSS_ACTION=CONT:50ms,KILL", "TICK=10ms", "WALL=5s"}, "sleep", "rss"},
	};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *r = run_guarded(&(struct spec){
			.set = limits[i].set,
			/*
			 * Each step, and the kernel's timers behind them, are armed. The first one does no
			 * harm: RSS may be exceeded before the program has begun to ignore any signal.
			 */
			.argv = ARGV("run_for_ever", limits[i].how),
			.prepare = forbid_dates,
		});

		print_message("# %s\n", limits[i].verdict);
		expect_ended_by(r, SIGKILL, limits[i].verdict);
		run_free(r);
	}
}

/* Holds the timer thread for good, from outside, as a stuck one would be. */
static void hold_timer(const void *arg)
{
	pid_t pid = getpid(), driver, timer = 0;
	char path[64];

	(void)arg;
	driver = fork();
	if (driver) {
		waitpid(driver, NULL, 0);
		return;
	}
	if (fork())
		_exit(0);
	/* It is the second of two threads, once there are two. */
	while (!timer) {
		struct dirent *entry;
		DIR *tasks;

		snprintf(path, sizeof(path), "/proc/%d/task", (int)pid);
		tasks = opendir(path);
		while (tasks && (entry = readdir(tasks)))
			if (atoi(entry->d_name) > pid)
				timer = atoi(entry->d_name);
		if (!tasks)
			_exit(1);
		closedir(tasks);
	}
	ptrace(PTRACE_SEIZE, timer, NULL, NULL);
	ptrace(PTRACE_INTERRUPT, timer, NULL, NULL);
	while (waitpid(timer, NULL, __WALL) == timer)
		;
	_exit(0);
}

/* It was late, or its timer was not held before it took the first step. */
static bool was_late_or_not_held(const struct run *r, const void *until_ns)
{
	return r->record_len || r->tree_ns >= *(const int64_t *)until_ns;
}

static void a_stuck_timer_is_not_a_program_without_limits(void **state)
{
	int64_t processors = sysconf(_SC_NPROCESSORS_ONLN);
	const struct {
		const char *const *set;
		const char *how;
		int64_t cpu_ns, due_ns; /* at most */
	} cases[] = {
		{SET("WALL=500ms", "GRACE=100ms", "STOPPED=0"), "sleep", 100 * MS, 1100 * MS},
		{SET("WALL=500ms", "GRACE=100ms"), "spin", 1100 * MS, 80 * SEC},
		{SET("CPU=500ms", "GRACE=100ms"), "spin", 500 * MS + 600 * MS * processors, 80 * SEC},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int64_t until_ns = cases[i].due_ns + LATE;
		struct run *r = run_undisturbed(&(struct spec){.set = cases[i].set,
							       .argv = ARGV("run_for_ever", cases[i].how),
							       .prepare = hold_timer,
							       .timeout_s = 90},
						was_late_or_not_held, &until_ns);

		print_message("# %zu\n", i);
		expect_signal(r, SIGKILL);
		expect(r, r->record_len == 0); /* nobody of ours ended it */
		expect(r, r->elapsed_ns >= 1090 * MS && r->tree_ns < until_ns);
		expect(r, run_cpu_ns(r) < cases[i].cpu_ns + LATE);
		run_free(r);
	}
}

static void a_program_whose_main_thread_left_is_still_limited(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(400 * MS, SET("WALL=400ms"), ARGV("leave_main_thread", ways[i]));

		expect_out(r, "going on 1\n");
		expect_ended_by(r, SIGTERM, "wall");
		expect_due(r, 400 * MS);
		run_free(r);
	}
}

static void a_deadline_waits_for_no_tick(void **state)
{
	struct run *r =
		guarded_due(300 * MS, SET("WALL=300ms", "RSS=1G", "TICK=10s"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_ended_by(r, SIGTERM, "wall");
	expect_due(r, 300 * MS);
	run_free(r);
}

static void ending_in_time_is_not_delayed_by_the_timer(void **state)
{
	struct run *r = guarded_due(0, SET("WALL=30s", "CPU=30s"), ARGV("end_by", "return", "3"));

	(void)state;
	expect_exit(r, 3);
	expect_due(r, 0);
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
		g = guarded_due(200 * MS, SET("WALL=200ms"),
				ARGV("/usr/bin/unshare", "-Ur", "/bin/sleep", "10"));
		expect_signal(g, SIGTERM);
		expect_due(g, 200 * MS);
		run_free(g);
	}
	run_free(b);
}

static void no_thread_keeps_old_credentials(void **state)
{
	struct run *r = guarded(SET("WALL=1s"), ARGV("drop_user"));

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
		cmocka_unit_test(no_deadline_asks_for_the_date),
		cmocka_unit_test(a_stuck_timer_is_not_a_program_without_limits),
		cmocka_unit_test(a_program_whose_main_thread_left_is_still_limited),
		cmocka_unit_test(a_deadline_waits_for_no_tick),
		cmocka_unit_test(ending_in_time_is_not_delayed_by_the_timer),
		cmocka_unit_test(programs_that_unshare_their_user_namespace_work),
		cmocka_unit_test(no_thread_keeps_old_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
