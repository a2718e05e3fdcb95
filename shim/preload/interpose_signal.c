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
#include <errno.h>
#include <string.h>

#include "core/attrs.h"
#include "fatal.h"
#include "real.h"

typedef __typeof__(sigaction) sigaction_function;
typedef __typeof__(signal) signal_function;

static int guarded_sigaction(sigaction_function *really, int signal, const struct sigaction *new_action,
			     struct sigaction *old_action)
{
	bool to_default = new_action && new_action->sa_handler == SIG_DFL;
	int result = really(signal, new_action, old_action);

	if (result)
		return result;
	if (old_action && fatal_is_ours(old_action))
		memset(old_action, 0, sizeof(*old_action));
	if (to_default)
		fatal_reinstall(signal);
	return 0;
}

RL_EXPORT int sigaction(int signal, const struct sigaction *new_action, struct sigaction *old_action)
{
	real_ensure();
	return guarded_sigaction(real.sigaction, signal, new_action, old_action);
}

RL_EXPORT int __sigaction(int signal, const struct sigaction *new_action, struct sigaction *old_action)
{
	real_ensure();
	return guarded_sigaction(real.sigaction, signal, new_action, old_action);
}

static __sighandler_t guarded_signal(signal_function *really, int number, __sighandler_t handler)
{
	__sighandler_t old = really(number, handler);

	if (old == SIG_ERR)
		return old;
	if (handler == SIG_DFL)
		fatal_reinstall(number);
	return fatal_is_our_handler(old) ? SIG_DFL : old;
}

RL_EXPORT __sighandler_t signal(int number, __sighandler_t handler)
{
	real_ensure();
	return guarded_signal(real.signal, number, handler);
}

RL_EXPORT __sighandler_t bsd_signal(int number, __sighandler_t handler)
{
	real_ensure();
	return guarded_signal(real.signal, number, handler);
}

RL_EXPORT __sighandler_t ssignal(int number, __sighandler_t handler)
{
	real_ensure();
	return guarded_signal(real.signal, number, handler);
}

RL_EXPORT __sighandler_t sysv_signal(int number, __sighandler_t handler)
{
	real_ensure();
	return guarded_signal(real.sysv_signal, number, handler);
}

RL_EXPORT __sighandler_t __sysv_signal(int number, __sighandler_t handler)
{
	real_ensure();
	return guarded_signal(real.sysv_signal, number, handler);
}

RL_EXPORT __sighandler_t sigset(int number, __sighandler_t handler)
{
	real_ensure();
	return guarded_signal(real.sigset, number, handler);
}
