/*
 * test_signals.c - fatal signals leave a record, and neither the program nor its parent can tell.
 *
 * SPDX-License-Identifier: MIT
 */
#include "guarded.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static const int fatal[] = {SIGHUP,  SIGINT,  SIGQUIT,	 SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
			    SIGFPE,  SIGSEGV, SIGUSR1,	 SIGUSR2, SIGPIPE, SIGALRM, SIGTERM,
			    SIGXCPU, SIGXFSZ, SIGVTALRM, SIGPROF, SIGSYS,  SIGIO};
enum { FATAL = sizeof(fatal) / sizeof(*fatal) };

static const char *const faults[] = {"segv", "bus", "fpe", "ill", "abort", "overflow"};
enum { FAULTS = sizeof(faults) / sizeof(*faults) };

static const char *text_of(int number)
{
	static char text[4][16];
	static unsigned int next;
	char *to = text[next++ % 4];

	snprintf(to, 16, "%d", number);
	return to;
}

/* Core dumps are wanted, in a directory where they can be left. */
static void want_cores(const void *dir)
{
	struct rlimit none = {RLIM_INFINITY, RLIM_INFINITY};

	setrlimit(RLIMIT_CORE, &none);
	if (chdir(dir))
		_exit(96);
}

static struct run *run_for_core(const char *const set[], const char *const argv[], bool without)
{
	return run_guarded(&(struct spec){
		.set = set, .argv = argv, .bare = without, .prepare = want_cores, .arg = scratch_dir()});
}

static void fatal_signals_leave_a_record_and_the_same_status(void **state)
{
	static const char *const ways[] = {"kill", "raise"};

	(void)state;
	for (int i = 0; i < 2 * FATAL; i++) {
		const char *const *argv = ARGV("end_by", ways[i / FATAL], text_of(fatal[i % FATAL]));
		struct run *b = run_for_core(NULL, argv, true),
			   *g = run_for_core(SET("MEM=64M"), argv, false);

		print_message("# %s %d\n", ways[i / FATAL], fatal[i % FATAL]);
		expect_signal(b, fatal[i % FATAL]);
		expect(g, g->status == b->status); /* the core flag too */
		expect_verdict(g, "signal");
		expect(g, record_bool(g, "certain"));
		expect(g, record_int(g, "signal") == fatal[i % FATAL]);
		expect(g, record_find(g, "exit_code") == NULL || record_int(g, "exit_code") == 0 ||
				  json_is_null(record_find(g, "exit_code")));
		run_free(b);
		run_free(g);
	}
}

static void faults_leave_a_record_and_the_same_status(void **state)
{
	(void)state;
	for (int i = 0; i < FAULTS; i++) {
		const char *const *argv = ARGV("end_by", faults[i]);
		struct run *b = run_for_core(NULL, argv, true),
			   *g = run_for_core(SET("MEM=64M"), argv, false);

		print_message("# %s\n", faults[i]);
		expect(g, WIFSIGNALED(b->status));
		expect(g, g->status == b->status);
		/* Without a stack of its own a handler cannot run after an overflow of the only one. */
		if (strcmp(faults[i], "overflow") != 0) {
			expect_verdict(g, "signal");
			expect(g, record_int(g, "signal") == WTERMSIG(g->status));
		}
		run_free(b);
		run_free(g);
	}
}

static void fatal_signals_with_a_timer_thread_leave_the_same_status(void **state)
{
	(void)state;
	for (int i = 0; i < FATAL; i++) {
		const char *const *argv = ARGV("end_by", "kill", text_of(fatal[i]));
		struct run *g = guarded(SET("WALL=1h", "CPU=1h"), argv);

		print_message("# %d\n", fatal[i]);
		expect_signal(g, fatal[i]);
		expect_verdict(g, "signal");
		run_free(g);
	}
}

/* Of two that come at once the program dies of the one that it would die of without us, and the record names
 * it. */
static void of_two_signals_at_once_one_counts(void **state)
{
	struct run *b = bare(ARGV("end_by", "two")), *g = guarded(SET("MEM=64M"), ARGV("end_by", "two"));

	(void)state;
	expect(g, WIFSIGNALED(b->status) && g->status == b->status);
	expect(g, record_int(g, "signal") == WTERMSIG(b->status));
	run_free(b);
	run_free(g);
}

static void an_overflow_has_a_record_if_handlers_have_a_stack(void **state)
{
	struct run *g = guarded(SET("MEM=64M"), ARGV("end_by", "overflow", "1"));

	(void)state;
	expect_signal(g, SIGSEGV);
	expect_verdict(g, "signal");
	run_free(g);
}

/* Who it was from, what it said, where the fault was: the signal that kills is the one that came. */
static void a_debugger_sees_the_same_signal(void **state)
{
	static const char *const ways[] = {"segv", "kill", "wait"};

	(void)state;
	for (int i = 0; i < 3; i++) {
		const char *const *argv = ARGV("trace_signals", subject_path("end_by"), ways[i], "15");
		struct run *b = bare(argv), *g = guarded(SET("MEM=64M"), argv);

		print_message("# %s\n", ways[i]);
		expect_exit(b, 0);
		expect(g, out_number(b, "signal") > 0 && !strcmp(g->out, b->out));
		run_free(b);
		run_free(g);
	}
}

/* As a sandbox may, before there is a program: nobody here sees it come. */
static void refuse_to_queue(const void *unused)
{
	struct sock_filter refuse[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_rt_tgsigqueueinfo, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = {.len = 4, .filter = refuse};

	(void)unused;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(95);
}

static void a_signal_that_cannot_be_queued_again_still_kills(void **state)
{
	struct run *g = run_guarded(&(struct spec){
		.set = SET("MEM=64M"), .argv = ARGV("end_by", "kill", "15"), .prepare = refuse_to_queue});

	(void)state;
	expect_signal(g, SIGTERM);
	expect_verdict(g, "signal");
	run_free(g);
}

static void sigkill_from_outside_changes_nothing(void **state)
{
	struct run *g = guarded(SET("MEM=64M"), ARGV("end_by", "kill", "9"));

	(void)state;
	expect_signal(g, SIGKILL);
	run_free(g);
}

static void signals_that_are_ignored_by_default_do_nothing(void **state)
{
	static const int harmless[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT};

	(void)state;
	for (int i = 0; i < 4; i++) {
		struct run *g = guarded(SET("WALL=150ms"), ARGV("end_by", "raise", text_of(harmless[i])));

		expect_ended_by(g, SIGTERM, "wall");
		run_free(g);
	}
}

static void handlers_of_the_program_win(void **state)
{
	(void)state;
	for (int i = 0; i < FATAL; i++) {
		struct run *g = guarded(SET("MEM=64M"), ARGV("handle_signal", text_of(fatal[i])));

		print_message("# %d\n", fatal[i]);
		expect_exit(g, 33);
		expect_out(g, "on_stack=1\n");
		expect_verdict(g, "exit");
		expect(g, record_int(g, "exit_code") == 33);
		run_free(g);
	}
}

static void handlers_on_an_alternate_stack_catch_overflows(void **state)
{
	struct run *g = guarded(SET("MEM=64M"), ARGV("handle_signal", "11", "overflow"));

	(void)state;
	expect_exit(g, 33);
	expect_out(g, "handled 11 on_stack=1\n");
	expect_verdict(g, "exit");
	run_free(g);
}

static void dispositions_read_as_they_would_without_us(void **state)
{
	struct run *b = bare(ARGV("query_signals"));
	struct run *g = guarded(SET("MEM=64M", "WALL=1h"), ARGV("query_signals"));

	(void)state;
	expect_exit(g, 0);
	expect(g, !strcmp(g->out, b->out));
	run_free(b);
	run_free(g);
}

static void a_disposition_put_back_to_default_is_fatal_with_a_record(void **state)
{
	(void)state;
	for (int i = 0; i < FATAL; i++) {
		struct run *g = guarded(SET("MEM=64M"), ARGV("restore_default", text_of(fatal[i])));

		print_message("# %d\n", fatal[i]);
		expect_signal(g, fatal[i]);
		expect_verdict(g, "signal");
		run_free(g);
	}
}

static void a_handler_that_the_kernel_resets_is_fatal_with_a_record(void **state)
{
	(void)state;
	for (int i = 0; i < FATAL; i++) {
		struct run *g = guarded(SET("MEM=64M"), ARGV("handle_once", text_of(fatal[i])));

		print_message("# %d\n", fatal[i]);
		expect_signal(g, fatal[i]);
		expect_out(g, "handled once\n");
		expect_verdict(g, "signal");
		run_free(g);
	}
}

static void ignore_term(const void *unused)
{
	(void)unused;
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
}

static void signals_ignored_at_start_stay_ignored(void **state)
{
	struct run *b = run_guarded(
		&(struct spec){.argv = ARGV("query_signals"), .bare = true, .prepare = ignore_term});
	struct run *g = run_guarded(
		&(struct spec){.argv = ARGV("query_signals"), .set = SET("MEM=64M"), .prepare = ignore_term});

	(void)state;
	expect_out(b, "15 IGN");
	expect(g, !strcmp(g->out, b->out));
	run_free(b);
	run_free(g);
}

static void signals_handled_by_us_are_default_after_exec(void **state)
{
	struct run *b = bare(ARGV("exec_by_name", "execv", "full", subject_path("query_signals")));
	struct run *g =
		guarded(SET("MEM=64M"), ARGV("exec_by_name", "execv", "full", subject_path("query_signals")));

	(void)state;
	expect(g, !strcmp(g->out, b->out));
	run_free(b);
	run_free(g);
}

static void a_child_that_dies_of_a_signal_writes_no_record(void **state)
{
	struct run *g =
		guarded(SET("MEM=64M", "PROCS=5"), ARGV("/bin/sh", "-c", "sh -c 'kill -SEGV $$'; exit 4"));

	(void)state;
	expect_exit(g, 4);
	expect_verdict(g, "exit");
	run_free(g);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fatal_signals_leave_a_record_and_the_same_status),
		cmocka_unit_test(faults_leave_a_record_and_the_same_status),
		cmocka_unit_test(fatal_signals_with_a_timer_thread_leave_the_same_status),
		cmocka_unit_test(of_two_signals_at_once_one_counts),
		cmocka_unit_test(an_overflow_has_a_record_if_handlers_have_a_stack),
		cmocka_unit_test(a_debugger_sees_the_same_signal),
		cmocka_unit_test(a_signal_that_cannot_be_queued_again_still_kills),
		cmocka_unit_test(sigkill_from_outside_changes_nothing),
		cmocka_unit_test(signals_that_are_ignored_by_default_do_nothing),
		cmocka_unit_test(handlers_of_the_program_win),
		cmocka_unit_test(handlers_on_an_alternate_stack_catch_overflows),
		cmocka_unit_test(dispositions_read_as_they_would_without_us),
		cmocka_unit_test(a_disposition_put_back_to_default_is_fatal_with_a_record),
		cmocka_unit_test(a_handler_that_the_kernel_resets_is_fatal_with_a_record),
		cmocka_unit_test(signals_ignored_at_start_stay_ignored),
		cmocka_unit_test(signals_handled_by_us_are_default_after_exec),
		cmocka_unit_test(a_child_that_dies_of_a_signal_writes_no_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
