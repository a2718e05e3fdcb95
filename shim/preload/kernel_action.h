/*
 * kernel_action.h - a signal's action as the kernel takes it.
 *
 * Owns:    nothing.
 * Called:  fatal, late_start, plugin_loop.
 * Context: async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * libc's sigaction() would add flags that a later query shows, and refuses the
 * signals that it keeps for itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_KERNEL_ACTION_H
#define RL_PRELOAD_KERNEL_ACTION_H

#include <signal.h>
#include <stdint.h>

#include "core/attrs.h"
#include "core/rawsys.h"

struct kernel_action {
	void (*handler)(int); /* with SA_SIGINFO one of three parameters */
	unsigned long flags;
	void (*restorer)(void);
	uint64_t mask;
};

/* Either may be NULL. Return: 0 or -errno. */
RL_INLINE long kernel_action_set(int signal, const struct kernel_action *action, struct kernel_action *old)
{
	return raw_syscall4(SYS_rt_sigaction, signal, action, old, sizeof(action->mask));
}

/* What a handler returns to: the kernel has no such code of its own on every processor. */
extern void kernel_signal_return(void) RL_HIDDEN;
enum { KERNEL_ACTION_HAS_RESTORER = 0x04000000 };

#endif
