/*
 * test_time.c - wall and processor time: when, by which steps, and who is hit.
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

static int64_t cpu_ns(const struct run *r)
{
	return (r->usage.ru_utime.tv_sec + r->usage.ru_stime.tv_sec) * SEC +
	       (r->usage.ru_utime.tv_usec + r->usage.ru_stime.tv_usec) * 1000LL;
}

static bool used_more_than(const struct run *r, const void *limit_ns)
{
	return cpu_ns(r) >= *(const int64_t *)limit_ns;
}

static void wall_time_ends_sleeping_and_spinning_programs(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(200 * MS, SET("WALL=200ms"), ARGV("run_for_ever", ways[i]));

		expect_signal(r, SIGTERM);
		expect_due(r, 200 * MS);
		expect_verdict(r, "wall");
		expect(r, record_bool(r, "certain"));
		expect(r, record_int(r, "signal") == SIGTERM);
		expect(r, step_is(r, 0, "TERM"));
		expect(r, step_ns(r, 0) >= 199 * MS && step_ns(r, 0) < 200 * MS + LATE);
		expect(r, record_int(r, "wall_ns") >= step_ns(r, 0));
		expect(r, record_int(r, "limits.wall_ns") == 200 * MS);
		run_free(r);
	}
}

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
		expect_signal(r, SIGKILL);
		expect_verdict(r, limits[i].verdict);
		run_free(r);
	}
}

static void kill_follows_after_the_grace_when_term_is_ignored(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(600 * MS, SET("WALL=400ms", "GRACE=200ms"),
					    ARGV("run_for_ever", ways[i], "15"));

		expect_signal(r, SIGKILL);
		expect_due(r, 600 * MS);
		expect_verdict(r, "wall");
		expect(r, record_bool(r, "certain"));
		expect(r, record_int(r, "signal") == SIGKILL);
		expect(r, step_is(r, 0, "TERM"));
		expect(r, step_is(r, 1, "KILL"));
		run_free(r);
	}
}

static void a_program_that_handles_term_exits_its_own_way(void **state)
{
	struct run *r = guarded(SET("WALL=500ms"), ARGV("handle_the_end", "15"));

	(void)state;
	expect_exit(r, 42);
	expect_out(r, "caught 15\n");
	expect_verdict(r, "wall");
	expect(r, record_int(r, "exit_code") == 42);
	run_free(r);
}

static void processor_time_ends_with_xcpu_and_then_kill(void **state)
{
	struct run *r =
		run_undisturbed(&(struct spec){.set = SET("CPU=200ms"), .argv = ARGV("run_for_ever", "spin")},
				used_more_than, &(int64_t){200 * MS + LATE});

	(void)state;
	expect_signal(r, SIGXCPU);
	expect(r, cpu_ns(r) >= 190 * MS);
	expect(r, cpu_ns(r) < 200 * MS + LATE);
	expect_verdict(r, "cpu");
	expect(r, record_bool(r, "certain"));
	expect(r, step_is(r, 0, "XCPU"));
	run_free(r);

	r = guarded(SET("CPU=200ms", "GRACE=100ms"), ARGV("run_for_ever", "spin", "24"));
	expect_signal(r, SIGKILL);
	expect_verdict(r, "cpu");
	expect(r, step_is(r, 1, "KILL"));
	run_free(r);
}

static void a_watchdog_whose_step_ended_nobody_runs_where_it_did(void **state)
{
	struct run *r = guarded(SET("CPU=100ms", "GRACE=60s"), ARGV("outlive_xcpu", "120"));

	(void)state;
	expect_exit(r, 0);
	expect_out(r, "past the limit\n");
	expect(r, step_is(r, 0, "XCPU"));
	expect(r, !step_is(r, 1, "KILL"));
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

static void children_that_were_killed_or_not_announced_count(void **state)
{
	static const char *const ways[] = {"exit", "kill", "clone"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		struct run *r =
			run_undisturbed(&(struct spec){.set = SET("CPU=300ms", "WALL=15s"),
						       .argv = ARGV("burn_in_children", "30", ways[i])},
					used_more_than, &(int64_t){330 * MS + LATE});

		print_message("# %s\n", ways[i]);
		expect_verdict(r, "cpu");
		expect(r, cpu_ns(r) >= 200 * MS); /* but for the last child, which nobody waited for */
		expect(r, cpu_ns(r) < 330 * MS + LATE);
		expect(r, record_int(r, "cpu_ns") >= 300 * MS);
		run_free(r);
	}
}

static bool had_no_time(const struct run *r, const void *unused)
{
	(void)unused;
	return !strstr(r->out, "peak=");
}

static void the_record_of_a_program_that_was_ended_has_its_exact_peak(void **state)
{
	(void)state;
	for (int i = 1; i <= 5; i++) {
		char blocks[16];
		struct run *r;

		snprintf(blocks, sizeof(blocks), "%d", 1013 * i);
		r = run_undisturbed(
			&(struct spec){.set = SET("WALL=150ms"), .argv = ARGV("peak_then_wait", blocks)},
			had_no_time, NULL);
		expect_signal(r, SIGTERM);
		expect(r, record_int(r, "mem_peak_bytes") == out_number(r, "peak"));
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
		expect(r, cpu_ns(r) < cases[i].cpu_ns + LATE);
		run_free(r);
	}
}

static void wall_time_ends_children_too(void **state)
{
	/* Their ends of the output pipes close only when they die: run_guarded() waits for that. */
	struct run *r = guarded_due(300 * MS, SET("WALL=300ms"), ARGV("spin_in_children", "3"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect_due(r, 300 * MS);
	expect_verdict(r, "wall");
	run_free(r);
}

/* The first process exits 0 at once, the last of its tree is gone between these times. */
static void expect_tree_gone(int64_t from_ns, int64_t until_ns, const char *const set[],
			     const char *const argv[])
{
	struct run *r = run_between(&(struct spec){.set = set, .argv = argv}, 0, until_ns);

	expect_exit(r, 0);
	expect(r, r->tree_ns >= from_ns && r->tree_ns < until_ns);
	run_free(r);
}

static void children_that_outlive_their_parent_meet_the_deadline(void **state)
{
	(void)state;
	/* TERM at the deadline, whether or not they have called anything that we see. */
	expect_tree_gone(300 * MS, 300 * MS + LATE, SET("WALL=300ms"),
			 ARGV("spin_in_children", "2", "leave"));
	expect_tree_gone(300 * MS, 300 * MS + LATE, SET("WALL=300ms"), ARGV("leave_sleeping_child"));
	expect_tree_gone(300 * MS, 300 * MS + LATE, SET("WALL=300ms", "WALL_ACTION=KILL"),
			 ARGV("leave_sleeping_child"));
	/* The kernel's own timer knows nothing of processor time, and a busy machine gives it when it can. */
	expect_tree_gone(290 * MS, 15 * SEC, SET("WALL=1h", "CPU=300ms"),
			 ARGV("spin_in_children", "1", "leave"));
}

static void repeated_refusals_escalate_as_the_list_says(void **state)
{
	struct run *r = guarded(SET("MEM=1M", "MEM_ACTION=deny:200ms,TERM"), ARGV("insist_on_allocating"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect(r, r->elapsed_ns >= 200 * MS);
	expect_verdict(r, "mem");
	expect(r, record_bool(r, "certain"));
	expect(r, step_is(r, 0, "TERM")); /* the refusals were the step before, whose delay is over */
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

	/* A program that would be over a moment later does not get away. */
	for (int i = 0; i < 30; i++) {
		r = guarded(SET("THREADS=1", "THREADS_ACTION=KILL"), ARGV("create_threads", "pthread", "3"));
		expect_signal(r, SIGKILL);
		expect_verdict(r, "threads");
		expect(r, r->out_len == 0);
		run_free(r);
	}
}

static void a_limits_own_steps_are_taken(void **state)
{
	struct run *r = guarded_due(600 * MS, SET("WALL=400ms", "WALL_ACTION=HUP:100ms,INT:100ms,KILL"),
				    ARGV("run_for_ever", "sleep", "1", "2"));

	(void)state;
	expect_signal(r, SIGKILL);
	expect_due(r, 600 * MS);
	expect(r, step_is(r, 0, "HUP"));
	expect(r, step_is(r, 1, "INT"));
	expect(r, step_is(r, 2, "KILL"));
	run_free(r);
}

static void zero_wall_time_ends_at_once(void **state)
{
	struct run *r = guarded_due(0, SET("WALL=0"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect_due(r, 0);
	expect_verdict(r, "wall");
	run_free(r);
}

static void a_program_whose_main_thread_left_is_still_limited(void **state)
{
	static const char *const ways[] = {"sleep", "spin"};

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = guarded_due(400 * MS, SET("WALL=400ms"), ARGV("leave_main_thread", ways[i]));

		expect_out(r, "going on 1\n");
		expect_signal(r, SIGTERM);
		expect_due(r, 400 * MS);
		expect_verdict(r, "wall");
		run_free(r);
	}
}

static void a_deadline_waits_for_no_tick(void **state)
{
	struct run *r =
		guarded_due(300 * MS, SET("WALL=300ms", "RSS=1G", "TICK=10s"), ARGV("run_for_ever", "sleep"));

	(void)state;
	expect_signal(r, SIGTERM);
	expect_due(r, 300 * MS);
	expect_verdict(r, "wall");
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
		cmocka_unit_test(wall_time_ends_sleeping_and_spinning_programs),
		cmocka_unit_test(no_deadline_asks_for_the_date),
		cmocka_unit_test(kill_follows_after_the_grace_when_term_is_ignored),
		cmocka_unit_test(a_program_that_handles_term_exits_its_own_way),
		cmocka_unit_test(processor_time_ends_with_xcpu_and_then_kill),
		cmocka_unit_test(a_watchdog_whose_step_ended_nobody_runs_where_it_did),
		cmocka_unit_test(sleeping_uses_no_processor_time),
		cmocka_unit_test(processor_time_is_summed_over_the_tree),
		cmocka_unit_test(children_that_were_killed_or_not_announced_count),
		cmocka_unit_test(the_record_of_a_program_that_was_ended_has_its_exact_peak),
		cmocka_unit_test(a_stuck_timer_is_not_a_program_without_limits),
		cmocka_unit_test(wall_time_ends_children_too),
		cmocka_unit_test(children_that_outlive_their_parent_meet_the_deadline),
		cmocka_unit_test(repeated_refusals_escalate_as_the_list_says),
		cmocka_unit_test(an_action_without_deny_ends_at_the_first_breach),
		cmocka_unit_test(a_limits_own_steps_are_taken),
		cmocka_unit_test(zero_wall_time_ends_at_once),
		cmocka_unit_test(a_program_whose_main_thread_left_is_still_limited),
		cmocka_unit_test(a_deadline_waits_for_no_tick),
		cmocka_unit_test(ending_in_time_is_not_delayed_by_the_timer),
		cmocka_unit_test(programs_that_unshare_their_user_namespace_work),
		cmocka_unit_test(no_thread_keeps_old_credentials),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
