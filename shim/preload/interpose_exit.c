/*
 * interpose_exit.c - the ways out that go round the destructors.
 *
 * Owns:    nothing.
 * Called:  any thread, signal handlers, fork and vfork children.
 * Context: async-signal-safe, vfork child (which leaves its parent's record
 *          alone); may not return.
 * Fork:    nothing, because lifecycle.c carries the state.
 *
 * exit() and a return from main come to the handler of lifecycle.c instead.
 *
 * SPDX-License-Identifier: MIT
 */
#include "core/attrs.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "interpose_syscall.h"
#include "lifecycle.h"
#include "member.h"
#include "real.h"
#include "timer_thread.h"

static RL_NORETURN void end_at_once(int status)
{
	struct record_ending ending = {.exit_code = status & 0xff};

	lifecycle_end(&ending);
	raw_exit_group(status);
}

RL_EXPORT void _exit(int status)
{
	end_at_once(status);
}

RL_EXPORT void _Exit(int status)
{
	end_at_once(status);
}

RL_EXPORT void quick_exit(int status)
{
	real_ensure();
	/* Its handlers run first; ours, registered before theirs, comes last. */
	lifecycle_expect_exit(status);
	REAL_LATE(quick_exit)(status);
	__builtin_unreachable();
}

/* syscall(SYS_exit, status), from syscall_<arch>.S: one thread ends, without libc. */
RL_NORETURN void exit_thread_syscall(long number, long status)
{
	if (member_is_guarded() && !member_is_borrowed())
		timer_thread_expect_leave(raw_gettid() == member.pid);
	for (;;)
		raw_syscall1((int)number, status);
}
