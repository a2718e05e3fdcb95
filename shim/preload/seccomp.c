/*
 * seccomp.c - a program that forbids itself system calls that we make; see seccomp.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "seccomp.h"

#include <errno.h>
#include <sched.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "backstop.h"
#include "core/accounts.h"
#include "core/approach.h"
#include "core/attrs.h"
#include "core/filter_program.h"
#include "core/ledger_file.h"
#include "core/rawsys.h"
#include "core/stacks.h"
#include "core/tree.h"
#include "fatal.h"
#include "late_start.h"
#include "member.h"
#include "own_leash.h"
#include "real.h"
#include "timer_thread.h"

/* As a filter sees the watchdog's thread made, and a child. */
enum {
	THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD,
	FORK_FLAGS = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD, /* as libc's fork() */
};

/* What cannot be done any more. */
enum need {
	NEED_PID = 1,		/* to tell a vfork child */
	NEED_LEDGER = 2,	/* charging, places */
	NEED_END = 4,		/* the record in the ending thread: must not be tried */
	NEED_HELP = 8,		/* the same: may be tried, but does badly */
	NEED_SIGNAL = 16,	/* our handler of fatal signals */
	NEED_WATCH = 32,	/* the watchdog's thread */
	NEED_START = 64,	/* to start it again */
	NEED_WAKE = 128,	/* to wake it */
	NEED_STACKS = 256,	/* stacks before a step */
	NEED_LEASH = 512,	/* a forked child's own hold on the supervisor's life */
	NEED_TIMER = 1024,	/* the kernel's timers behind the last steps, in a forked child */
	NEED_EXEC = 2048,	/* descriptors that are passed on to the next program */
	NEED_LOOK = 4096,	/* samples of memory, descriptors, conditions */
	NEED_FORK = 8192,	/* not ours: the program makes no children any more */
	NEED_SEND = 16384,	/* to send a child's leash to the supervisor */
	NEED_MARK = 32768,	/* a mark that an exec was done */
	NEED_OPEN = 65536,	/* to open the ledger in the next program: it is passed on instead */
	NEED_APPROACH = 131072, /* to be more precise at a limit */
	NEED_LOCK = NEED_LEDGER | NEED_WATCH,
	NEED_FILES = NEED_LEDGER | NEED_END | NEED_WATCH,
	NEED_RECORD = NEED_END | NEED_WATCH,
};

/*
 * What goes with each call if a filter kills for it, and what if it only refuses.
 * A filter may look at an argument: `argument` (1 is the first, 0: none) has `value`.
 */
static const struct {
	int number;
	int if_fatal, if_refused;
	int argument, value;
} CALLS[] = {
	{SYS_getpid, NEED_PID | NEED_LOCK | NEED_RECORD | NEED_SIGNAL, NEED_PID | NEED_LOCK | NEED_HELP, 0,
	 0},
	{SYS_gettid, NEED_LOCK | NEED_SIGNAL, NEED_LOCK | NEED_SIGNAL, 0, 0},
	{SYS_getppid, NEED_RECORD, 0, 0, 0},
	{SYS_geteuid, NEED_EXEC, 0, 0, 0},
	{SYS_futex, NEED_LOCK, NEED_LOCK, 0, 0},
	{SYS_rt_sigprocmask, NEED_LOCK | NEED_START, NEED_LOCK | NEED_START, 0, 0},
	{SYS_clock_gettime, NEED_LOCK, NEED_LOCK, 0, 0},
	{SYS_membarrier, NEED_LEDGER, 0, 0, 0},
	{SYS_tgkill, NEED_LEDGER | NEED_SIGNAL, NEED_SIGNAL, 0, 0},
	{SYS_tkill, NEED_LOCK, 0, 0, 0},
	{SYS_kill, NEED_LOCK, NEED_WATCH, 0, 0},
	{SYS_kill, NEED_LOCK, 0, 2, TREE_KICK},
	{SYS_kill, NEED_WATCH, NEED_WATCH, 2, SIGKILL},
	{SYS_openat, NEED_FILES, NEED_HELP, 0, 0},
	{SYS_openat, NEED_OPEN, NEED_OPEN, 3, O_RDWR | O_NOFOLLOW | O_CLOEXEC},
	{SYS_read, NEED_FILES, NEED_HELP, 0, 0},
	{SYS_close, NEED_FILES, NEED_HELP, 0, 0},
	{SYS_fstat, NEED_RECORD | NEED_LEDGER, NEED_HELP, 0, 0},
	{SYS_fstatfs, NEED_LEDGER, 0, 0, 0},
	{SYS_mmap, NEED_LEDGER | NEED_START, 0, 0, 0},
	{SYS_munmap, NEED_LEDGER, 0, 0, 0},
	{SYS_madvise, NEED_LEDGER | NEED_START, 0, 0, 0},
	{SYS_waitid, NEED_LEDGER, 0, 0, 0},
	{SYS_fcntl, NEED_END | NEED_LEASH | NEED_EXEC, NEED_HELP, 0, 0},
	{SYS_fcntl, NEED_EXEC, 0, 2, F_SETFD},
	{SYS_fcntl, NEED_LEASH, 0, 2, F_SETOWN},
	{SYS_fcntl, NEED_LEASH, 0, 2, F_SETSIG},
	{SYS_fcntl, NEED_LEASH, 0, 2, F_GETSIG},
	{SYS_fcntl, NEED_LEASH, 0, 2, F_SETFL},
	{SYS_fcntl, NEED_LEASH, 0, 2, F_DUPFD_CLOEXEC},
	{SYS_dup3, NEED_LEASH, 0, 0, 0},
	{SYS_getrusage, NEED_RECORD, NEED_HELP, 0, 0},
	{SYS_getrlimit, NEED_WATCH, 0, 0, 0},
	{SYS_prlimit64, NEED_END, 0, 0, 0},
	{SYS_nanosleep, NEED_RECORD | NEED_LEDGER, 0, 0, 0},
	{SYS_ppoll, NEED_RECORD, NEED_HELP, 0, 0},
	{SYS_readlinkat, NEED_RECORD, 0, 0, 0},
	{SYS_rt_sigpending, NEED_RECORD, 0, 0, 0},
	{SYS_unlinkat, NEED_RECORD, NEED_HELP, 0, 0},
	{SYS_write, NEED_RECORD, NEED_HELP, 0, 0},
	{SYS_newfstatat, NEED_RECORD | NEED_EXEC, 0, 0, 0},
	{SYS_exit_group, NEED_RECORD, 0, 0, 0},
	{SYS_rt_sigaction, NEED_SIGNAL, NEED_SIGNAL, 0, 0},
	{SYS_rt_tgsigqueueinfo, NEED_SIGNAL | NEED_WAKE | NEED_WATCH, NEED_SIGNAL | NEED_WAKE, 0, 0},
	{SYS_getdents64, NEED_WATCH, 0, 0, 0},
	{SYS_lseek, NEED_LOOK, 0, 0, 0},
	{SYS_mincore, NEED_LOOK | NEED_APPROACH, 0, 0, 0},
	{SYS_exit, NEED_WATCH, 0, 0, 0},
	{SYS_rt_sigtimedwait, NEED_RECORD, 0, 0, 0},
	{SYS_pidfd_open, NEED_START, 0, 0, 0},
	{SYS_pidfd_getfd, NEED_START, 0, 0, 0},
	{SYS_close_range, NEED_START, 0, 0, 0},
	{SYS_prctl, NEED_START, 0, 1, PR_SET_TIMERSLACK},
	{SYS_prctl, NEED_START, 0, 1, PR_SET_NAME},
	{SYS_prctl, NEED_START, 0, 1, PR_GET_TID_ADDRESS},
	{SYS_sched_getattr, NEED_START | NEED_WATCH, 0, 0, 0},
	{SYS_sched_setattr, NEED_START | NEED_WATCH, 0, 0, 0},
	{SYS_prctl, NEED_APPROACH, 0, 1, PR_SET_DUMPABLE},
	{SYS_sched_getaffinity, NEED_START | NEED_TIMER | NEED_APPROACH, 0, 0, 0},
	{SYS_sched_setaffinity, NEED_APPROACH, 0, 0, 0},
	{SYS_signalfd4, NEED_START, 0, 0, 0},
	{SYS_timerfd_create, NEED_START, 0, 0, 0},
	{SYS_timerfd_settime, NEED_START | NEED_WATCH, 0, 0, 0},
	{SYS_mprotect, NEED_START, 0, 0, 0},
	{SYS_timer_create, NEED_TIMER, 0, 0, 0},
	{SYS_timer_settime, NEED_TIMER, 0, 0, 0},
	{SYS_clone, NEED_START | NEED_STACKS, 0, 1, THREAD_FLAGS},
	{SYS_clone, NEED_FORK, NEED_FORK, 1, FORK_FLAGS},
	{SYS_ptrace, NEED_STACKS, 0, 0, 0},
	{SYS_process_vm_readv, NEED_STACKS, 0, 0, 0},
	{SYS_wait4, NEED_STACKS, 0, 0, 0},
	{SYS_socket, NEED_SEND, 0, 1, AF_UNIX},
	{SYS_sendmsg, NEED_SEND, 0, 0, 0},
	{SYS_connect, NEED_SEND, 0, 0, 0},
	{SYS_get_robust_list, NEED_MARK, 0, 0, 0},
	{SYS_set_robust_list, NEED_MARK, 0, 0, 0},
};

/* What the threads that a filter binds can no longer do. Written once it is installed. */
static _Atomic int lost_needs;

/* What nobody asked for is not missed. */
static int optional_needs(void)
{
	int needs = 0;

	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		if (stacks_are_wanted(a))
			needs |= NEED_STACKS;
		if (a->limit[RL_RSS] != RL_UNLIMITED || a->limit[RL_RSS_GROWTH] != RL_UNLIMITED ||
		    a->limit[RL_WATCH] != RL_UNLIMITED || a->trace[0])
			needs |= NEED_LOOK;
	}
	return needs;
}

/* Strict mode leaves a thread these four. */
static bool is_strictly_allowed(long number)
{
	return number == SYS_read || number == SYS_write || number == SYS_exit || number == SYS_rt_sigreturn;
}

static uint32_t answer_to(struct peek *peek, const struct sock_fprog *program, size_t row)
{
	struct seccomp_data call = {.nr = CALLS[row].number, .arch = RAW_AUDIT_ARCH};

	if (!program)
		return is_strictly_allowed(call.nr) ? SECCOMP_RET_ALLOW : SECCOMP_RET_KILL_THREAD;
	if (CALLS[row].argument)
		call.args[CALLS[row].argument - 1] = (uint64_t)CALLS[row].value;
	return filter_program_run(peek, program, &call);
}

/* What the program could no longer do for us under that filter, or in strict mode if NULL. */
static int find_lost_needs(const struct sock_fprog *program)
{
	struct peek peek;
	int needs = 0;

	peek_begin(&peek, raw_getpid());
	for (size_t i = 0; i < RL_ARRAY_LEN(CALLS); i++) {
		uint32_t answer = answer_to(&peek, program, i);

		if (filter_answer_is_fatal(answer))
			needs |= CALLS[i].if_fatal;
		else if (filter_answer_is_refusal(answer))
			needs |= CALLS[i].if_refused;
	}
	if (!own_leash_is_due())
		needs &= ~(NEED_LEASH | NEED_SEND);
	return needs & (optional_needs() | ~(NEED_STACKS | NEED_LOOK));
}

/*
 * Whether our handlers of fatal signals would have nobody to help them: in this
 * process, or in a child, which has no watchdog and cannot take them away either.
 */
static bool handlers_must_go(int needs, bool ends_watchdog)
{
	if (!(needs & (NEED_END | NEED_HELP)))
		return false;
	return ends_watchdog || !timer_thread_is_there() || ((needs & NEED_SIGNAL) && !(needs & NEED_FORK));
}

/* What had to be done before the filter, to be undone if it is refused. */
struct precautions {
	int needs;
	bool ends_watchdog;
	bool withdraws; /* our handlers of fatal signals, which the watchdog cannot help then */
	bool forbids_approach;
	struct timer_pause pause;
};

static struct precautions take_precautions(const struct sock_fprog *program, bool whole_process)
{
	struct precautions p = {.needs = 0};

	if (!member_is_guarded() || member_is_borrowed())
		return p;
	/* Afterwards it might not be made any more. */
	timer_thread_ensure();
	p.needs = find_lost_needs(program);
	if (p.needs & NEED_OPEN)
		ledger_pass_always(member.ledger);
	if (whole_process && p.needs)
		timer_thread_await_begin();
	p.ends_watchdog = whole_process && (p.needs & (NEED_WATCH | NEED_STACKS | NEED_LOOK));
	if (p.needs & NEED_SIGNAL)
		p.needs |= NEED_HELP;
	p.withdraws = handlers_must_go(p.needs, p.ends_watchdog);
	if (p.withdraws)
		fatal_withdraw();
	p.forbids_approach = (p.needs & NEED_APPROACH) && !approach_is_forbidden();
	if (p.forbids_approach)
		approach_forbid(true);
	if (p.ends_watchdog)
		p.pause = timer_thread_pause();
	/* Nobody in the process can wake the watchdog any more: it looks by itself whether we have ended. */
	else if ((p.needs & (NEED_END | NEED_HELP)) && (p.needs & NEED_WAKE))
		timer_thread_expect_errands();
	return p;
}

/* After the filter: no system call here, unless it was refused. */
static void conclude(const struct precautions *p, bool refused)
{
	if (!refused)
		late_start_forbid();
	if (!p->needs)
		return;
	if (refused) {
		if (p->withdraws)
			fatal_install();
		if (p->forbids_approach)
			approach_forbid(false);
		timer_thread_resume(p->pause);
		return;
	}
	if (p->needs & ~(NEED_FORK | NEED_SEND | NEED_MARK | NEED_OPEN | NEED_APPROACH))
		atomic_fetch_or_explicit(&member.ledger->degraded, LEDGER_SECCOMP, memory_order_relaxed);
	atomic_fetch_or_explicit(&lost_needs, p->needs, memory_order_relaxed);
	if (p->needs & (NEED_START | NEED_WATCH))
		timer_thread_forbid();
	if (p->needs & NEED_LEASH)
		own_leash_forbid();
	if (p->needs & NEED_SEND)
		own_leash_forbid_sockets();
	if (p->needs & NEED_TIMER)
		backstop_forbid();
	if (p->needs & NEED_LEDGER)
		member.phase = PHASE_IDLE;
}

static bool read_program(const void *pointer, struct sock_fprog *program)
{
	struct peek peek;

	peek_begin(&peek, raw_getpid());
	return peek_read_fresh(&peek, (uintptr_t)pointer, program, sizeof(*program));
}

static long install(long number, long a, long b, long c, long d, long e, bool strict, bool whole_process)
{
	/* The filter is the third argument of either call. */
	struct sock_fprog program;
	struct precautions p = {.needs = 0};
	long result;

	if (strict || read_program((const void *)c, &program))
		p = take_precautions(strict ? NULL : &program, whole_process);
	result = raw_syscall5(number, a, b, c, d, e);
	/* A positive one is the thread that has a filter of its own, so that nobody got this one; or a
	 * listener. */
	conclude(&p, result < 0 || (result > 0 && whole_process && !(b & SECCOMP_FILTER_FLAG_NEW_LISTENER)));
	return result;
}

static long do_prctl(long option, long b, long c, long d, long e)
{
	long result;

	if (option == PR_SET_SECCOMP && (b == SECCOMP_MODE_STRICT || b == SECCOMP_MODE_FILTER))
		return install(SYS_prctl, option, b, c, d, e, b == SECCOMP_MODE_STRICT, false);
	result = raw_syscall5(SYS_prctl, option, b, c, d, e);
	if (option == PR_SET_PTRACER && !result)
		stacks_remember_tracer(b);
	return result;
}

static long finish(long result)
{
	if (result >= 0)
		return result;
	errno = (int)-result;
	return -1;
}

RL_EXPORT int prctl(int option, ...)
{
	va_list list;
	long b, c, d, e;

	/* Those that are not given are read all the same, as libc does. */
	va_start(list, option);
	b = va_arg(list, long);
	c = va_arg(list, long);
	d = va_arg(list, long);
	e = va_arg(list, long);
	va_end(list);
	return (int)finish(do_prctl(option, b, c, d, e));
}

long seccomp_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	if (number == SYS_prctl)
		return finish(do_prctl(a, b, c, d, e));
	if (a == SECCOMP_SET_MODE_STRICT || a == SECCOMP_SET_MODE_FILTER)
		return finish(install(number, a, b, c, d, e, a == SECCOMP_SET_MODE_STRICT,
				      a == SECCOMP_SET_MODE_FILTER && (b & SECCOMP_FILTER_FLAG_TSYNC)));
	return finish(raw_syscall6(number, a, b, c, d, e, f));
}

void seccomp_fork(enum fork_side side)
{
	int needs = atomic_load_explicit(&lost_needs, memory_order_relaxed);

	if (side == FORK_CHILD && (needs & (NEED_END | NEED_HELP)) && !(needs & NEED_SIGNAL) &&
	    !timer_thread_is_there())
		fatal_withdraw();
}

bool seccomp_lets_all(void)
{
	return !atomic_load_explicit(&lost_needs, memory_order_relaxed);
}

bool seccomp_lets_pass_descriptors(void)
{
	return !(atomic_load_explicit(&lost_needs, memory_order_relaxed) & NEED_EXEC);
}

bool seccomp_lets_mark_exec(void)
{
	return !(atomic_load_explicit(&lost_needs, memory_order_relaxed) & NEED_MARK);
}

bool seccomp_took_end(const struct record_ending *ending)
{
	int needs = atomic_load_explicit(&lost_needs, memory_order_relaxed);

	bool helped;

	/* A vfork child's end is not the end of the process. */
	if (!(needs & (NEED_END | NEED_HELP)) || (!(needs & NEED_PID) && member_is_borrowed()))
		return false;
	helped = timer_thread_end(ending, !(needs & NEED_WAKE));
	return helped || (needs & NEED_END);
}
