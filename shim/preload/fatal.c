/*
 * fatal.c - signals that end the process, seen before they do; see fatal.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fatal.h"

#include <linux/prctl.h>
#include <string.h>

#include "core/approach.h"
#include "core/attrs.h"
#include "core/procread.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "core/signal_state.h"
#include "kernel_action.h"
#include "lifecycle.h"
#include "member.h"
#include "real.h"
#include "seccomp.h"

enum { FIRST_REAL_TIME = 32 };

static const struct sigaction BY_DEFAULT; /* zeros are SIG_DFL */
static bool is_installed;		  /* never where a supervisor writes the record */
static bool is_withdrawn;		  /* SIG_DFL stands for our handler */

/*
 * Those whose default ends the process, but for SIGKILL. Real-time signals are
 * left out: hardly anybody dies of one, and 31 more calls would cost each start 6 us.
 */
static bool ends_process(int signal)
{
	switch (signal) {
	case SIGKILL:
	case SIGCHLD:
	case SIGCONT:
	case SIGSTOP:
	case SIGTSTP:
	case SIGTTIN:
	case SIGTTOU:
	case SIGURG:
	case SIGWINCH:
		return false;
	default:
		return true;
	}
}

/* What the kernel sends for what a thread does, as long as nobody sends it. */
static bool is_fault(int signal)
{
	return signal == SIGSEGV || signal == SIGBUS || signal == SIGFPE || signal == SIGILL ||
	       signal == SIGTRAP || signal == SIGSYS;
}

/*
 * The first process of a pid namespace dies of no signal but KILL that is sent to it, from within or by its
 * terminal, if it has no handler: one of ours would be one, would cut its calls short, and would end it in
 * the record alone.
 */
static bool is_ours(int signal)
{
	return ends_process(signal) && (member.pid != 1 || is_fault(signal));
}

static void on_fatal(int signal, siginfo_t *info, void *context)
{
	struct record_ending ending = {.signal = signal};
	pid_t pid, tid;

	(void)context;
	member_grow_up();
	/* It may have the handler from a parent. */
	if (member.pid == 1 && (!is_fault(signal) || info->si_code <= 0))
		return;
	/* The watchdog then did the rest, too: the signal comes again when this returns. */
	if (seccomp_took_end(&ending))
		return;
	pid = raw_getpid();
	tid = raw_gettid();
	if (pid == member.pid)
		lifecycle_end(&ending);
	real.sigaction(signal, &BY_DEFAULT, NULL);
	if (raw_syscall4(SYS_rt_tgsigqueueinfo, pid, tid, signal, info) < 0)
		raw_tgkill(pid, tid, signal);
}

static void take(int signal, struct sigaction *old)
{
	struct sigaction ours;

	memset(&ours, 0, sizeof(ours));
	if (!is_withdrawn) {
		ours.sa_sigaction = on_fatal;
		ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
		sigfillset(&ours.sa_mask);
	}
	real.sigaction(signal, &ours, old);
}

/*
 * The kernel goes back to SIG_DFL when it delivers a signal with SA_RESETHAND,
 * and would leave no handler of ours. So such an action is installed without
 * the flag, behind a handler that does what the kernel would have done.
 * Written before the action is installed; a vfork child never writes here.
 */
static struct sigaction one_shot[FIRST_REAL_TIME] RL_SELDOM;

static void on_one_shot(int signal, siginfo_t *info, void *context)
{
	struct sigaction action = one_shot[signal];

	take(signal, NULL);
	if (action.sa_flags & SA_SIGINFO)
		action.sa_sigaction(signal, info, context);
	else
		action.sa_handler(signal);
}

static bool is_guarded_signal(int signal)
{
	return is_installed && member_is_guarded() && signal > 0 && signal < FIRST_REAL_TIME &&
	       is_ours(signal) && !member_is_borrowed();
}

void fatal_before_install(int signal, const struct sigaction *action, struct fatal_install *install)
{
	install->action = *action;
	install->is_guarded = is_guarded_signal(signal);
	if (!install->is_guarded)
		return;
	install->shadowed = one_shot[signal];
	if (action->sa_handler == SIG_DFL || action->sa_handler == SIG_IGN ||
	    !(action->sa_flags & (int)SA_RESETHAND))
		return;
	one_shot[signal] = *action;
	install->action.sa_sigaction = on_one_shot;
	install->action.sa_flags = (action->sa_flags & ~(int)SA_RESETHAND) | SA_SIGINFO;
}

void fatal_after_install(int signal, const struct fatal_install *install)
{
	if (install->is_guarded && install->action.sa_handler == SIG_DFL)
		take(signal, NULL);
}

void fatal_show(int signal, const struct fatal_install *install, struct sigaction *seen)
{
	if (seen->sa_sigaction == on_fatal)
		memset(seen, 0, sizeof(*seen));
	else if (seen->sa_sigaction == on_one_shot)
		*seen = install && install->is_guarded ? install->shadowed : one_shot[signal];
}

bool fatal_is_our_handler(__sighandler_t handler)
{
	return (void *)handler == (void *)on_fatal || (void *)handler == (void *)on_one_shot;
}

static void put_back(int signal, const struct sigaction *old)
{
	struct kernel_action action = {old->sa_handler, (unsigned long)old->sa_flags, old->sa_restorer, 0};

	memcpy(&action.mask, &old->sa_mask, sizeof(action.mask));
	kernel_action_set(signal, &action, NULL);
}

static bool can_dump_core(int signal)
{
	static const uint64_t dumping = 1ULL << (SIGQUIT - 1) | 1ULL << (SIGILL - 1) | 1ULL << (SIGTRAP - 1) |
					1ULL << (SIGABRT - 1) | 1ULL << (SIGBUS - 1) | 1ULL << (SIGFPE - 1) |
					1ULL << (SIGSEGV - 1) | 1ULL << (SIGXCPU - 1) |
					1ULL << (SIGXFSZ - 1) | 1ULL << (SIGSYS - 1);

	return dumping >> (signal - 1) & 1;
}

static bool dumps_core(int signal)
{
	struct rlimit core = {0, 0};

	if (!can_dump_core(signal))
		return false;
	raw_syscall2(SYS_getrlimit, RLIMIT_CORE, &core);
	return core.rlim_cur > 0;
}

/* Whether cores go to files, which the limit of 0 keeps from being made; what runs a program instead is not
 * kept. */
static bool cores_are_files;

void fatal_rehearse(void)
{
	char pattern[2];

	signal_state_rehearse();
	cores_are_files = procread_file("/proc/sys/kernel/core_pattern", pattern, sizeof(pattern)) > 0 &&
			  pattern[0] != '|' && pattern[0] != '@';
}

bool fatal_prepare(int signal)
{
	struct record_ending ending = {.signal = signal};
	struct kernel_action action = {0};
	uint64_t set;

	if (!is_guarded_signal(signal) || dumps_core(signal))
		return false;
	set = 1ULL << (signal - 1);
	kernel_action_set(signal, NULL, &action);
	if ((void *)action.handler != (is_withdrawn ? (void *)SIG_DFL : (void *)on_fatal) ||
	    !signal_state_is_deadly(signal) || !lifecycle_end_elsewhere(&ending))
		return false;
	/* Else the kernel has all threads stop for a core that it then finds not to be wanted. */
	if (can_dump_core(signal) && cores_are_files && !approach_is_forbidden())
		raw_syscall2(SYS_prctl, PR_SET_DUMPABLE, 0);
	memset(&action, 0, sizeof(action));
	kernel_action_set(signal, &action, NULL);
	raw_sigmask(SIG_UNBLOCK, &set, NULL);
	return true;
}

void fatal_install(void)
{
	uint64_t all = ~UINT64_C(0), before;

	is_installed = true;
	is_withdrawn = false;
	/*
	 * One call where most are SIG_DFL. Between two an ignored signal has our handler, which would end the
	 * process: so it waits, and the kernel forgets it when it is ignored again.
	 */
	raw_sigmask(SIG_BLOCK, &all, &before);
	for (int signal = 1; signal < FIRST_REAL_TIME; signal++) {
		struct sigaction old;

		if (!is_ours(signal))
			continue;
		take(signal, &old);
		if (old.sa_handler != SIG_DFL)
			put_back(signal, &old);
	}
	raw_sigmask(SIG_SETMASK, &before, NULL);
}

void fatal_withdraw(void)
{
	is_withdrawn = true;
	for (int signal = 1; signal < FIRST_REAL_TIME; signal++) {
		struct sigaction now;

		if (ends_process(signal) && !real.sigaction(signal, NULL, &now) &&
		    now.sa_sigaction == on_fatal)
			real.sigaction(signal, &BY_DEFAULT, NULL);
	}
}

void fatal_finish(int signal)
{
	member_grow_up();
	put_back(signal, &BY_DEFAULT);
	raw_kill(member.pid, signal);
}
