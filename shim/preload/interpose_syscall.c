/*
 * interpose_syscall.c - the calls by which syscall() makes a process or a thread; see interpose_clone.c.
 *
 * Owns:    what syscall() prepared until it returns, per thread.
 * Called:  syscall() from anywhere, by way of syscall_<arch>.S.
 * Context: async-signal-safe, vfork child; errno is EAGAIN on a refusal, as
 *          clone(2) says. Takes the ledger's lock, never while the system call
 *          runs.
 * Fork:    without CLONE_VM the child is a copy and goes through forkguard.
 *
 * SPDX-License-Identifier: MIT
 */
#include "interpose_syscall.h"

#include <errno.h>
#include <linux/sched.h>
#include <stdint.h>

#include "core/rawsys.h"
#include "exec_mark.h"
#include "forkguard.h"
#include "interpose_clone.h"
#include "interpose_process.h"
#include "member.h"
#include "raw_threads.h"

/*
 * What the stub is about to do for this thread; a child of it leaves that alone. Who runs beside its maker
 * in the same memory looks for its place when it executes, by its maker's number; the others tell who they
 * are before they return, which alone helps where another is their parent.
 */
enum pending_kind { PENDING_NOTHING, PENDING_THREAD, PENDING_CLAIM, PENDING_SHARING, PENDING_COPY };

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

/* A call whose child goes on here, on its copy of our stack. */
struct copy_call {
	const long *call;
	bool sets_words;
};

static pid_t make_copy_by_number(const void *context)
{
	const struct copy_call *copy = context;
	uint32_t slot = thread_self.child_slot, account = thread_self.child_account;
	pid_t maker = thread_self.child_maker;
	long result = make_by_number(copy->call);

	if (result == 0 && copy->sets_words && member.phase == PHASE_RUNNING)
		process_tell_child(slot, maker, account);
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

static enum pending_kind kind_of(const struct request *request)
{
	if (request->flags & CLONE_THREAD)
		return member_is_borrowed() ? PENDING_NOTHING : PENDING_THREAD;
	if (!(request->flags & CLONE_VM))
		return PENDING_COPY;
	if (request->flags & CLONE_VFORK || (request->flags & CLONE_PARENT && request->has_stack))
		return PENDING_SHARING;
	return PENDING_CLAIM;
}

/* Reserves for a call that the stub will make. Return: false on a refusal. */
static bool reserve_pending(const struct request *request, const char *name, const void *caller)
{
	pending.kind = kind_of(request);
	if (pending.kind == PENDING_NOTHING)
		return true;
	if (pending.kind == PENDING_THREAD)
		return raw_threads_reserve(name, caller);
	pending.since_ns = raw_clock_ns(CLOCK_BOOTTIME);
	if (pending.kind != PENDING_COPY)
		exec_mark_forbid();
	pending.slot = process_reserve(name, pending.kind == PENDING_CLAIM ? CLAIM_ONCE : CLAIM_NONE, caller);
	if (pending.slot == LEDGER_NONE)
		return false;
	if (pending.kind == PENDING_COPY) {
		thread_self.child_slot = pending.slot; /* if a handler asks for something first */
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
	pending.shared = clone_shares_words(request->flags) && member_share_words();
	return true;
}

/*
 * Its place and who reserved that: all that the child is to know, in one word, as there is one register for
 * it. The lowest bit tells it from a stack; the next, a copy from who shares our memory.
 */
enum { FOR_CHILD = 1, FOR_COPY = 2, SLOT_SHIFT = 2, MAKER_SHIFT = 32 };

static long pack_for_child(void)
{
	if (pending.kind != PENDING_COPY && pending.kind != PENDING_SHARING)
		return 0;
	return (long)((uint64_t)thread_self.child_maker << MAKER_SHIFT | pending.slot << SLOT_SHIFT |
		      (pending.kind == PENDING_COPY ? FOR_COPY : 0) | FOR_CHILD);
}

static void begin_child(long for_child)
{
	uint32_t slot = (uint32_t)for_child >> SLOT_SHIFT;
	pid_t maker = (pid_t)(for_child >> MAKER_SHIFT);

	if (for_child & FOR_COPY)
		process_become_child(slot, maker, member.ledger->slot[member.slot].account);
	else
		process_settle_self(slot, maker);
}

static enum clone_form form_of(const struct request *request)
{
	bool waits = request->flags & CLONE_VFORK;

	if (request->has_stack)
		return waits || !(request->flags & CLONE_VM) ? CLONE_LENT_STACK : CLONE_NEW_STACK;
	return waits ? CLONE_OWN_STACK : CLONE_SHARED_STACK;
}

struct clone_answer clone_prepare(const long *call, const void *caller)
{
	const char *name = call[0] == SYS_clone3 ? "clone3" : call[0] == SYS_clone ? "clone" : "fork";
	struct request request = {.flags = 0};
	bool guarded = member_is_guarded();
	bool valid = read_request(call, &request);
	struct clone_answer answer = {.form = form_of(&request)};
	struct copy_call copy = {.call = call, .sets_words = request.flags & CLONE_SETTLS};

	if (valid)
		clone_expect((int)request.flags);
	if (!valid) {
		answer.form = CLONE_DONE;
		answer.result = clone_error(make_by_number(call));
	} else if (!request.has_stack && !(request.flags & CLONE_VM)) {
		answer.form = CLONE_DONE;
		answer.result = guarded ? process_fork(make_copy_by_number, &copy, name, caller)
					: make_copy_by_number(&copy);
	} else if (!prepare_pending(&request, name, caller)) {
		answer.form = CLONE_DONE;
		answer.result = clone_error(-EAGAIN);
	} else {
		answer.result = pack_for_child();
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
	case PENDING_CLAIM:
		process_settle_claim(pending.slot, child, pending.since_ns);
		break;
	case PENDING_SHARING:
		process_settle(pending.slot, child);
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

long clone_return(long result, long for_child)
{
	if (result == 0) {
		if (for_child)
			begin_child(for_child);
		return 0;
	}
	settle_parent((pid_t)result);
	return result < 0 ? clone_error(result) : result;
}

long clone_error(long result)
{
	errno = (int)-result;
	return -1;
}
