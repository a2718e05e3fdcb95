/*
 * fatal.c - signals that end the process, seen before they do; see fatal.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fatal.h"

#include <string.h>

#include "core/attrs.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "lifecycle.h"
#include "member.h"
#include "real.h"

enum { FIRST_REAL_TIME = 32 };

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

static void on_fatal(int signal, siginfo_t *info, void *context)
{
	struct record_ending ending = {.signal = signal};
	struct sigaction by_default;
	pid_t pid = raw_getpid();
	pid_t tid = raw_gettid();

	(void)context;
	if (pid == member.pid)
		lifecycle_end(&ending);
	memset(&by_default, 0, sizeof(by_default));
	by_default.sa_handler = SIG_DFL;
	real.sigaction(signal, &by_default, NULL);
	if (raw_syscall4(SYS_rt_tgsigqueueinfo, pid, tid, signal, info) < 0)
		raw_tgkill(pid, tid, signal);
}

static void take(int signal, struct sigaction *old)
{
	struct sigaction ours;

	memset(&ours, 0, sizeof(ours));
	ours.sa_sigaction = on_fatal;
	ours.sa_flags = SA_SIGINFO | SA_ONSTACK;
	sigfillset(&ours.sa_mask);
	real.sigaction(signal, &ours, old);
}

bool fatal_is_our_handler(void (*handler)(int))
{
	return (void *)handler == (void *)on_fatal;
}

bool fatal_is_ours(const struct sigaction *action)
{
	return action->sa_sigaction == on_fatal;
}

void fatal_reinstall(int signal)
{
	if (member_is_guarded() && signal < FIRST_REAL_TIME && ends_process(signal) && !member_is_borrowed())
		take(signal, NULL);
}

void fatal_install(void)
{
	for (int signal = 1; signal < FIRST_REAL_TIME; signal++) {
		struct sigaction old;

		if (!ends_process(signal))
			continue;
		/* One call where most are SIG_DFL; no thread but this one can see the moment between two. */
		take(signal, &old);
		if (old.sa_handler != SIG_DFL)
			real.sigaction(signal, &old, NULL);
	}
}
