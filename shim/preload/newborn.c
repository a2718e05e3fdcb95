/*
 * newborn.c - a forked child that does as little as it can until it is known to stay; see newborn.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "newborn.h"

#include <errno.h>
#include <stdatomic.h>

#include "callback.h"
#include "core/accounts.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/trace.h"
#include "core/tree.h"
#include "core/watchdog.h"
#include "environment_loan.h"
#include "interpose_thread.h"
#include "member.h"
#include "own_leash.h"
#include "seccomp.h"
#include "timer_thread.h"

/* Whether nobody looks at the child, and nothing of the calling thread's has to be put right in it at once.
 */
static bool can_put_off(const struct newborn *newborn, uint32_t slot)
{
	const struct account *own = &member.ledger->account[member.ledger->slot[slot].account];

	return (newborn->can_wait || !newborn->is_watched) && !newborn->is_traced &&
	       !newborn->tells_progress && own->root != slot && !own_leash_is_due() && !callback_is_there() &&
	       seccomp_lets_all() && !thread_is_counted() && thread_self.phase != THREAD_FORKING &&
	       thread_self.child_slot == LEDGER_NONE &&
	       !atomic_load_explicit(&member.ledger->has_time_namespaces, memory_order_acquire);
}

void newborn_look(struct newborn *newborn, uint32_t slot)
{
	uint32_t account = member.ledger->slot[slot].account;

	*newborn = (struct newborn){.deadline_ns = INT64_MAX};
	newborn->is_watched =
		!tree_supervisor(member.ledger, account) && watchdog_is_needed(member.ledger, slot);
	newborn->can_wait = newborn->is_watched && watchdog_can_wait(member.ledger, slot);
	newborn->is_traced = trace_is_on(member.ledger, account);
	FOR_EACH_ACCOUNT_UP(member.ledger, account, a)
	{
		int64_t wall_ns = atomic_load_explicit(&a->wall_deadline_ns, memory_order_relaxed);

		newborn->tells_progress |= a->limit[RL_IDLE] != RL_UNLIMITED;
		if (wall_ns < newborn->deadline_ns)
			newborn->deadline_ns = wall_ns;
	}
	if (newborn->is_watched)
		backstop_plan(&newborn->after, slot);
	newborn->can_put_off = can_put_off(newborn, slot);
}

const struct newborn *newborn_self(void)
{
	static struct newborn own;

	if (!thread_self.newborn) {
		newborn_look(&own, member.slot);
		thread_self.newborn = &own;
	}
	return thread_self.newborn;
}

/* Numbers mean the same to its maker and to itself. */
static bool is_at_home(void)
{
	return !atomic_load_explicit(&member.ledger->home_namespace, memory_order_relaxed);
}

/*
 * Mostly its maker was quicker: a new task waits for a processor. The place is in nobody's way then, and
 * nobody else's, because no other process has that number as long as this one lives.
 */
static bool is_bound_already(uint32_t slot, pid_t pid)
{
	return slots_is_of(member.ledger, slot, pid) && is_at_home();
}

/* Return: false if the place, or what its number means, is in doubt. */
static bool bind(uint32_t slot, pid_t pid)
{
	bool is_ours;
	uint64_t mask;

	if (is_bound_already(slot, pid))
		return true;
	ledger_lock_newborn(member.ledger, &mask);
	is_ours = is_at_home();
	if (is_ours && slots_is_reserved_by_thread(member.ledger, slot, thread_self.child_maker))
		slots_bind(member.ledger, slot, pid);
	is_ours = is_ours && slots_is_of(member.ledger, slot, pid);
	ledger_unlock(member.ledger, &mask);
	return is_ours;
}

/* A step's signal that its maker was owed; the seq_cst pairs with who sends one. */
static bool is_owed_a_signal(uint32_t slot)
{
	return atomic_load_explicit(&member.ledger->slot[slot].owed_signal, memory_order_seq_cst);
}

void newborn_forget_maker(void)
{
	thread_self.has_timers = thread_self.is_busy = thread_self.was_called = false;
}

/* A handler that grows up between two of these lines arms them, too: they may call twice. */
static void arm_timers(const struct newborn *newborn)
{
	thread_self.has_timers = true;
	if (!timer_thread_arm(newborn)) {
		thread_self.has_timers = false;
		newborn_grow_up();
	}
	if (!thread_self.is_newborn)
		thread_self.has_timers = false;
}

bool newborn_begin(const struct newborn *newborn, uint32_t slot)
{
	pid_t pid = raw_getpid();

	newborn_forget_maker();
	/* A handler of pthread_atfork() may have asked for something. */
	if (!newborn->can_put_off || member.pid == pid || thread_self.child_slot != slot ||
	    environment_is_lent() || !bind(slot, pid) || is_owed_a_signal(slot))
		return false;
	thread_self.newborn = NULL;
	/* Before the timers, which may call at once. */
	thread_self.is_newborn = true;
	atomic_signal_fence(memory_order_seq_cst);
	/* Since we looked a handler may have asked for something, and become the child; from here on one does
	 * it all. */
	if (thread_self.child_slot != slot)
		newborn_grow_up();
	else if (newborn->is_watched)
		arm_timers(newborn);
	return true;
}

/* What a timer asked for in an unfit moment. */
static void answer_call(void)
{
	if (thread_self.is_busy || !thread_self.was_called)
		return;
	thread_self.was_called = false;
	timer_thread_ensure();
}

void newborn_grow_up(void)
{
	bool was_busy = thread_self.is_busy;
	int saved = errno;

	if (!thread_self.is_newborn)
		return;
	thread_self.is_busy = true;
	thread_self.is_newborn = false;
	forkguard_run(FORK_CHILD);
	thread_self.has_timers = false;
	thread_self.is_busy = was_busy;
	answer_call();
	errno = saved;
}

void newborn_begin_exec(void)
{
	thread_self.is_busy = true;
}

void newborn_end_exec(void)
{
	newborn_grow_up();
	thread_self.is_busy = false;
	answer_call();
}
