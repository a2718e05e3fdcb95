/*
 * interpose_process.c - fork, _Fork and the two halves of vfork.
 *
 * Owns:    nothing.
 * Called:  any thread; _Fork also from signal handlers; vfork's halves from
 *          vfork_<arch>.S, the child's half in the child.
 * Context: async-signal-safe but for fork(), whose atfork handlers may do
 *          anything; vfork child; errno is EAGAIN on a refusal, as fork(2) says
 *          for a limit on processes. Takes the ledger's lock, never while
 *          the real function runs.
 * Fork:    runs forkguard around it.
 *
 * The child's slot is reserved before the fork, so that the child needs
 * nothing that can fail, and a kill in the middle loses nothing: a reservation
 * dies with its maker.
 *
 * SPDX-License-Identifier: MIT
 */
#include "interpose_process.h"

#include <errno.h>
#include <stdatomic.h>

#include "core/accounts.h"
#include "core/breach.h"
#include "core/claims.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "member.h"
#include "own_leash.h"
#include "real.h"
#include "timer_thread.h"

uint32_t process_reserve(const char *call, enum slot_claim claim, const void *caller)
{
	uint32_t account = member.ledger->slot[member.slot].account;
	uint32_t slot = LEDGER_NONE;
	struct sweep sweep = {0};
	bool full = false, killing;
	uint64_t mask;

	do {
		ledger_lock(member.ledger, &mask);
		killing = breach_is_killing(member.ledger, account);
		if (!killing)
			slot = slots_reserve(member.ledger, member.slot, &sweep, &full);
		if (slot != LEDGER_NONE)
			member.ledger->slot[slot].claim = claim;
		if (full)
			atomic_fetch_or_explicit(&member.ledger->degraded, LEDGER_SLOTS_FULL,
						 memory_order_relaxed);
		ledger_unlock(member.ledger, &mask);
	} while (sweep_if_wished(member.ledger, &sweep));
	thread_self.child_maker = raw_gettid();
	thread_self.child_account = account;
	/* Neither a full table nor a tree that is being killed is this limit's refusal. */
	if (slot == LEDGER_NONE && !full && !killing)
		member_note_denial(RL_PROCS, call, 0, caller);
	return slot;
}

void process_settle(uint32_t slot, pid_t child)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	/* Otherwise the child bound it, died and was swept, and it may be another's by now. */
	if (slots_is_reserved_by_thread(member.ledger, slot, thread_self.child_maker)) {
		if (child > 0)
			slots_bind(member.ledger, slot, child);
		else
			slots_withdraw(member.ledger, slot);
	} else if (child > 0) {
		slots_note_outer(member.ledger, slot, thread_self.child_maker, child);
	}
	ledger_unlock(member.ledger, &mask);
	if (child > 0)
		own_leash_tell_of_child();
}

void process_settle_self(uint32_t slot, pid_t maker)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	if (slots_is_reserved_by_thread(member.ledger, slot, maker))
		slots_bind_self(member.ledger, slot);
	ledger_unlock(member.ledger, &mask);
}

void process_forget(uint32_t slot)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	accounts_forget_proc(member.ledger, member.ledger->slot[slot].account);
	ledger_unlock(member.ledger, &mask);
}

void process_settle_claim(uint32_t slot, pid_t child, int64_t since_ns)
{
	struct claims_child made = {.pid = child, .since_ns = since_ns};
	struct sweep sweep = {0};
	uint64_t mask;

	if (child < 0)
		process_forget(slot);
	do {
		ledger_lock(member.ledger, &mask);
		if (child > 0)
			claims_settle(member.ledger, slot, member.slot, raw_getpid(), &made, &sweep);
		else
			claims_withdraw(member.ledger, slot, raw_getpid(), CLAIM_ONCE, &sweep);
		ledger_unlock(member.ledger, &mask);
	} while (sweep_if_wished(member.ledger, &sweep));
	if (child > 0)
		own_leash_tell_of_child();
}

void process_let_go(uint32_t slot)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	claims_let_go(member.ledger, slot, raw_getpid());
	ledger_unlock(member.ledger, &mask);
}

void process_end_held(uint32_t slot)
{
	struct sweep sweep = {0};
	uint64_t mask;

	do {
		ledger_lock(member.ledger, &mask);
		claims_withdraw(member.ledger, slot, raw_getpid(), CLAIM_HELD, &sweep);
		ledger_unlock(member.ledger, &mask);
	} while (sweep_if_wished(member.ledger, &sweep));
}

void process_tell_child(uint32_t slot, pid_t maker, uint32_t account)
{
	/* A handler may have asked for something, and become the child. */
	if (!member_is_borrowed())
		return;
	thread_self.child_slot = slot;
	thread_self.child_maker = maker;
	thread_self.child_account = account;
	thread_self.newborn = NULL;
}

void process_become_child(uint32_t slot, pid_t maker, uint32_t account)
{
	process_tell_child(slot, maker, account);
	newborn_forget_maker();
	forkguard_run(FORK_CHILD);
}

pid_t process_fork(pid_t (*make)(const void *context), const void *context, const char *call,
		   const void *caller)
{
	uint32_t slot, outer = thread_self.child_slot; /* of a fork that a handler interrupts with this one */
	const struct newborn *outer_newborn = thread_self.newborn;
	struct newborn newborn;
	int saved = errno;
	pid_t child;

	if (!member_is_guarded())
		return make(context);
	slot = process_reserve(call, CLAIM_NONE, caller);
	if (slot == LEDGER_NONE) {
		errno = EAGAIN;
		return -1;
	}
	newborn_look(&newborn, slot);
	thread_self.child_slot = slot;
	thread_self.newborn = &newborn;
	forkguard_run(FORK_PREPARE);
	child = make(context);
	if (child == 0) {
		if (!newborn_begin(&newborn, slot))
			forkguard_run(FORK_CHILD);
		errno = saved;
		return 0;
	}
	saved = child < 0 ? errno : saved;
	thread_self.child_slot = outer;
	thread_self.newborn = outer_newborn;
	forkguard_run(FORK_PARENT);
	if (child < 0)
		member_note_kernel_refusal(call, saved);
	process_settle(slot, child);
	timer_thread_expect_runner();
	errno = saved;
	return child;
}

static pid_t call_fork(const void *function)
{
	return (*(pid_t(*const *)(void))function)();
}

RL_EXPORT pid_t fork(void)
{
	real_ensure();
	return process_fork(call_fork, &real.fork, "fork", __builtin_return_address(0));
}

RL_EXPORT pid_t __fork(void)
{
	real_ensure();
	return process_fork(call_fork, &real.fork, "fork", __builtin_return_address(0));
}

RL_EXPORT pid_t _Fork(void)
{
	real_ensure();
	return process_fork(call_fork, real._Fork ? &real._Fork : &real.fork, "_Fork",
			    __builtin_return_address(0));
}

long process_vfork_prepare(const void *caller)
{
	uint32_t slot;

	if (!member_is_guarded())
		return 0;
	slot = process_reserve("vfork", CLAIM_NONE, caller);
	if (slot == LEDGER_NONE) {
		errno = EAGAIN;
		return -1;
	}
	thread_self.outer_slot = thread_self.child_slot;
	thread_self.child_slot = slot;
	return 0;
}

/*
 * In the child the slot is bound but stays in thread_self, which the parent
 * shares; the parent binds it again, to the same pid, and clears it.
 */
pid_t process_vfork_return(long result)
{
	if (member_is_guarded() && thread_self.child_slot != LEDGER_NONE) {
		uint32_t slot = thread_self.child_slot;

		if (!result) {
			process_settle_self(slot, thread_self.child_maker);
		} else {
			process_settle(slot, (pid_t)result);
			thread_self.child_slot = thread_self.outer_slot;
			thread_self.outer_slot = LEDGER_NONE;
		}
	}
	if (result >= 0)
		return (pid_t)result;
	member_note_kernel_refusal("vfork", (int)-result);
	errno = (int)-result;
	return -1;
}
