/*
 * interpose_clone.c - clone().
 *
 * Owns:    nothing.
 * Called:  any thread.
 * Context: async-signal-safe, vfork child; errno is EAGAIN on a refusal, as
 *          clone(2) says. Takes the ledger's lock, never while the real
 *          function runs.
 * Fork:    without CLONE_VM the child is a copy and goes through forkguard.
 *
 * With CLONE_THREAD the child is a thread (raw_threads.h). With CLONE_VM it is
 * a process that runs in our memory, as a vfork child does: it is counted,
 * and whatever it allocates is its maker's. Otherwise it is as after a fork.
 *
 * SPDX-License-Identifier: MIT
 */
#include "interpose_clone.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdarg.h>

#include "exec_mark.h"
#include "interpose_identity.h"
#include "interpose_process.h"
#include "mappings.h"
#include "member.h"
#include "raw_threads.h"
#include "real.h"

/* clone()'s arguments; the child finds them in its copy of our memory, or at the top of its stack. */
struct clone_call {
	int (*function)(void *);
	void *stack;
	int flags;
	void *argument;
	void *parent_tid, *tls, *child_tid;
	uint32_t slot, account; /* the child's, and who reserved it */
	pid_t maker;
};

enum { STACK_ALIGNMENT = 16 };

/* First in a child that is a copy of its maker. */
static int run_copy(void *context)
{
	struct clone_call *call = context;

	process_become_child(call->slot, call->maker, call->account);
	return call->function(call->argument);
}

/* First in a child that shares our memory: it knows its number before its maker does. */
static int run_sharing(void *context)
{
	struct clone_call *call = context;

	/* Its thread-local words may be others than those in which its maker noted who made it. */
	process_settle_self(call->slot, call->maker);
	return call->function(call->argument);
}

bool clone_shares_words(uint64_t flags)
{
	return (flags & CLONE_VM) && !(flags & (CLONE_SETTLS | CLONE_VFORK));
}

void clone_expect(int flags)
{
	identity_expect_namespaces(flags);
	if (flags & CLONE_VM)
		mappings_expect_sharing();
}

static int clone_really(const struct clone_call *c, int (*function)(void *), void *stack, void *argument)
{
	return REAL_LATE(clone)(function, stack, c->flags, argument, c->parent_tid, c->tls, c->child_tid);
}

static int clone_thread_of_program(const struct clone_call *call, const void *caller)
{
	int saved = errno;
	bool shared;
	int tid;

	if (member_is_borrowed())
		return clone_really(call, call->function, call->stack, call->argument);
	if (!raw_threads_reserve("clone", caller)) {
		errno = EAGAIN;
		return -1;
	}
	shared = clone_shares_words((uint64_t)call->flags) && member_share_words();
	tid = clone_really(call, call->function, call->stack, call->argument);
	saved = tid < 0 ? errno : saved;
	member_own_words(shared && tid < 0);
	raw_threads_settle(tid);
	errno = saved;
	return tid;
}

static pid_t make_copy(const void *context)
{
	struct clone_call *call = (struct clone_call *)context;

	call->slot = thread_self.child_slot;
	call->maker = thread_self.child_maker;
	call->account = thread_self.child_account;
	return clone_really(call, run_copy, call->stack, call);
}

static int clone_sharing(struct clone_call *call, const void *caller)
{
	/* Our frame may be gone before the child reads; its stack is its own. Stacks grow downwards. */
	uintptr_t top = ((uintptr_t)call->stack - sizeof(*call)) & ~(uintptr_t)(STACK_ALIGNMENT - 1);
	struct clone_call *on_stack = (struct clone_call *)top;
	int saved = errno;
	pid_t child;
	bool shared;

	call->slot = process_reserve("clone", CLAIM_NONE, caller);
	if (call->slot == LEDGER_NONE) {
		errno = EAGAIN;
		return -1;
	}
	call->maker = thread_self.child_maker;
	*on_stack = *call;
	exec_mark_forbid();
	shared = clone_shares_words((uint64_t)call->flags) && member_share_words();
	child = clone_really(call, run_sharing, on_stack, on_stack);
	saved = child < 0 ? errno : saved;
	member_own_words(shared && child < 0);
	process_settle(call->slot, child);
	errno = saved;
	return child;
}

static int guarded_clone(struct clone_call *call, const void *caller)
{
	real_ensure();
	if (!member_is_guarded() || !call->function || !call->stack)
		return clone_really(call, call->function, call->stack, call->argument);
	clone_expect(call->flags);
	if (call->flags & CLONE_THREAD)
		return clone_thread_of_program(call, caller);
	if (call->flags & CLONE_VM)
		return clone_sharing(call, caller);
	return process_fork(make_copy, call, "clone", caller);
}

/* Whether the three last are given depends on the flags; reading them does no harm, as libc does. */
#define READ_CLONE_CALL(call, function_, stack_, flags_, argument_)                                          \
	va_list list;                                                                                        \
	struct clone_call call = {                                                                           \
		.function = (function_), .stack = (stack_), .flags = (flags_), .argument = (argument_)};     \
	va_start(list, argument_);                                                                           \
	call.parent_tid = va_arg(list, void *);                                                              \
	call.tls = va_arg(list, void *);                                                                     \
	call.child_tid = va_arg(list, void *);                                                               \
	va_end(list)

RL_EXPORT int clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	READ_CLONE_CALL(call, function, stack, flags, argument);
	return guarded_clone(&call, __builtin_return_address(0));
}

RL_EXPORT int __clone(int (*function)(void *), void *stack, int flags, void *argument, ...)
{
	READ_CLONE_CALL(call, function, stack, flags, argument);
	return guarded_clone(&call, __builtin_return_address(0));
}
