/*
 * interpose_signal.c - signal dispositions as the program would see them.
 *
 * Owns:    nothing; fatal.c knows which dispositions are ours.
 * Called:  any thread, signal handlers, fork and vfork children.
 * Context: async-signal-safe, vfork child; errno as the real function leaves it.
 * Fork:    nothing, because there is no state.
 *
 * Names that libc has for one function share its row: bsd_signal and ssignal are
 * signal, __sysv_signal is sysv_signal, __sigaction is sigaction.
 *
 * Where fatal.c has its handler the program is told SIG_DFL; what it installs
 * replaces ours, and when it goes back to SIG_DFL ours returns.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/attrs.h"
#include "fatal.h"
#include "real.h"

static int guarded_sigaction(int signal, const struct sigaction *new_action, struct sigaction *old_action)
{
	struct fatal_install install;
	int result;

	real_ensure();
	if (new_action)
		fatal_before_install(signal, new_action, &install);
	result = real.sigaction(signal, new_action ? &install.action : NULL, old_action);
	if (result)
		return result;
	if (old_action)
		fatal_show(signal, new_action ? &install : NULL, old_action);
	if (new_action)
		fatal_after_install(signal, &install);
	return 0;
}

RL_EXPORT int sigaction(int signal, const struct sigaction *new_action, struct sigaction *old_action)
{
	return guarded_sigaction(signal, new_action, old_action);
}

RL_EXPORT int __sigaction(int signal, const struct sigaction *new_action, struct sigaction *old_action)
{
	return guarded_sigaction(signal, new_action, old_action);
}

/* What the real function did, seen and completed through sigaction(). */
static __sighandler_t guarded_signal(__typeof__(signal) *really, int number, __sighandler_t handler)
{
	struct fatal_install install;
	struct sigaction before, after;
	__sighandler_t old;

	/* libc keeps its own record of siginterrupt(), so the real one chooses the flags. */
	if (real.sigaction(number, NULL, &before))
		return really(number, handler);
	old = really(number, handler);
	if (old == SIG_ERR)
		return old;
	fatal_show(number, NULL, &before);
	if (real.sigaction(number, NULL, &after) == 0) {
		fatal_before_install(number, &after, &install);
		if (install.action.sa_handler != after.sa_handler)
			real.sigaction(number, &install.action, NULL);
		fatal_after_install(number, &install);
	}
	/* sigset() may also return SIG_HOLD. */
	return fatal_is_our_handler(old) ? before.sa_handler : old;
}

/* One row per function: its name, and that of the next definition. */
#define SIGNAL_CALL(name, next)                                                                              \
	RL_EXPORT __sighandler_t name(int number, __sighandler_t handler)                                    \
	{                                                                                                    \
		real_ensure();                                                                               \
		return guarded_signal(REAL_LATE(next), number, handler);                                     \
	}

SIGNAL_CALL(signal, signal)
SIGNAL_CALL(bsd_signal, signal)
SIGNAL_CALL(ssignal, signal)
SIGNAL_CALL(sysv_signal, sysv_signal)
SIGNAL_CALL(__sysv_signal, sysv_signal)
SIGNAL_CALL(sigset, sigset)
