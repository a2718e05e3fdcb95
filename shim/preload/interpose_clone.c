/*
 * interpose_clone.c - clone(), and the calls by which syscall() makes a process.
 *
 * Owns:    what syscall() prepared until it returns, per thread.
 * Called:  any thread; syscall() from anywhere, by way of syscall_<arch>.S.
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
#include <stdint.h>

#include "core/rawsys.h"
#include "exec_mark.h"
#include "forkguard.h"
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

/* Whether the new task is to have the thread-local words of its maker, which runs on beside it. */
static bool shares_words(uint64_t flags)
{
	return (flags & CLONE_VM) && !(flags & (CLONE_SETTLS | CLONE_VFORK));
}

/* Before any task with those flags is made. */
static void expect(int flags)
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
	shared = shares_words((uint64_t)call->flags) && member_share_words();
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
	shared = shares_words((uint64_t)call->flags) && member_share_words();
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
	expect(call->flags);
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

/* What the stub is about to do for this thread. A child that shares our memory leaves it alone. */
enum pending_kind { PENDING_NOTHING, PENDING_THREAD, PENDING_PROCESS, PENDING_COPY };

static RL_THREAD_LOCAL struct pending {
	enum pending_kind kind;
	uint32_t slot;
	int64_t since_ns;
	bool shared;	  /* the words, for the first time */
} pending, outer_pending; /* outer: of a call that a handler interrupts with this one */

struct request {
	uint64_t flags;
	bool has_stack;
};

/*
 * Whether the program's memory there can be read, as the kernel will find it;
 * by a call that we make anyway, and that changes nothing because it asks for
 * nothing that there is.
 */
static bool is_readable(const void *word)
{
	return raw_syscall4(SYS_rt_sigprocmask, -1, word, NULL, sizeof(uint64_t)) != -EFAULT;
}

/* Return: false for a call that the kernel will refuse. */
static bool read_request(const long *call, struct request *request)
{
	if (call[0] == SYS_clone) {
		request->flags = (uint64_t)call[1];
		request->has_stack = call[2] != 0;
		return true;
	}
	if (call[0] == SYS_clone3) {
		const struct clone_args *args = (const struct clone_args *)call[1];

		if (!args || (size_t)call[2] < CLONE_ARGS_SIZE_VER0 || !is_readable(&args->flags) ||
		    !is_readable((const char *)args + CLONE_ARGS_SIZE_VER0 - sizeof(uint64_t)))
			return false;
		request->flags = args->flags;
		request->has_stack = args->stack != 0;
		return true;
	}
	return true; /* SYS_fork */
}

static long make_by_number(const long *call)
{
	return raw_syscall5(call[0], call[1], call[2], call[3], call[4], call[5]);
}

static pid_t make_copy_by_number(const void *context)
{
	long result = make_by_number(context);

	return result < 0 ? (pid_t)clone_error(result) : (pid_t)result;
}

static void begin_pending(void)
{
	outer_pending = pending;
	pending = (struct pending){.kind = PENDING_NOTHING};
}

static void end_pending(void)
{
	pending = outer_pending;
	outer_pending.kind = PENDING_NOTHING;
}

/* Reserves for a call that the stub will make. Return: false on a refusal. */
static bool reserve_pending(const struct request *request, const char *name, const void *caller)
{
	if (request->flags & CLONE_THREAD) {
		pending.kind = member_is_borrowed() ? PENDING_NOTHING : PENDING_THREAD;
		return pending.kind == PENDING_NOTHING || raw_threads_reserve(name, caller);
	}
	pending.kind = request->flags & CLONE_VM ? PENDING_PROCESS : PENDING_COPY;
	pending.since_ns = raw_clock_ns(CLOCK_BOOTTIME);
	if (pending.kind == PENDING_PROCESS)
		exec_mark_forbid();
	pending.slot = process_reserve(name, pending.kind == PENDING_COPY ? CLAIM_NONE : CLAIM_ONCE, caller);
	if (pending.slot == LEDGER_NONE)
		return false;
	if (pending.kind == PENDING_COPY) {
		thread_self.child_slot = pending.slot; /* the child takes it when it first needs it */
		forkguard_run(FORK_PREPARE);
	}
	return true;
}

/* Return: false on a refusal. */
static bool prepare_pending(const struct request *request, const char *name, const void *caller)
{
	begin_pending();
	if (!member_is_guarded())
		return true;
	if (!reserve_pending(request, name, caller)) {
		end_pending();
		return false;
	}
	pending.shared = shares_words(request->flags) && member_share_words();
	return true;
}

struct clone_answer clone_prepare(const long *call, const void *caller)
{
	const char *name = call[0] == SYS_clone3 ? "clone3" : call[0] == SYS_clone ? "clone" : "fork";
	struct request request = {.flags = 0};
	bool guarded = member_is_guarded();
	bool valid = read_request(call, &request);
	struct clone_answer answer = {.form = request.has_stack ? CLONE_NEW_STACK : CLONE_OWN_STACK};

	if (valid)
		expect((int)request.flags);
	if (!valid) {
		answer.form = CLONE_DONE;
		answer.result = clone_error(make_by_number(call));
	} else if (!request.has_stack && !(request.flags & CLONE_VM)) {
		answer.form = CLONE_DONE;
		answer.result = guarded ? process_fork(make_copy_by_number, call, name, caller)
					: make_copy_by_number(call);
	} else if (!prepare_pending(&request, name, caller)) {
		answer.form = CLONE_DONE;
		answer.result = clone_error(-EAGAIN);
	}
	return answer;
}

static void settle_parent(pid_t child)
{
	switch (pending.kind) {
	case PENDING_NOTHING:
		break;
	case PENDING_THREAD:
		raw_threads_settle(child);
		break;
	case PENDING_PROCESS:
		process_settle_claim(pending.slot, child, pending.since_ns);
		break;
	case PENDING_COPY:
		thread_self.child_slot = LEDGER_NONE;
		forkguard_run(FORK_PARENT);
		process_settle(pending.slot, child);
		break;
	}
	member_own_words(pending.shared && child < 0);
	end_pending();
}

long clone_return(long result)
{
	/* A child on its parent's stack does what the parent needs not do for it. */
	if (result == 0)
		return 0;
	settle_parent((pid_t)result);
	return result < 0 ? clone_error(result) : result;
}

long clone_error(long result)
{
	errno = (int)-result;
	return -1;
}
