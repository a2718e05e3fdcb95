/*
 * member.c - this process as a member of its tree; see member.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "member.h"

#include <stdatomic.h>

#include "callback.h"
#include "callsite.h"
#include "core/cells.h"
#include "core/ledger_lock.h"
#include "core/procfs.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/trace.h"
#include "interpose_thread.h"
#include "timer_thread.h"

enum { STEP_LOOKS = 400, STEP_LOOK_NS = 250000 };

struct member member = {.slot = LEDGER_NONE};
RL_THREAD_LOCAL struct thread thread_self = {.child_slot = LEDGER_NONE, .outer_slot = LEDGER_NONE};

bool member_is_borrowed(void)
{
	return raw_getpid() != member.pid;
}

void member_become_child_early(void)
{
	if (thread_self.phase == THREAD_FORKING && thread_self.child_slot != LEDGER_NONE &&
	    member_is_borrowed())
		member_fork(FORK_CHILD);
}

struct cell *member_cell(void)
{
	member_become_child_early();
	if (thread_self.phase != THREAD_NEW)
		return thread_self.cell;
	if (member_is_borrowed())
		return NULL;
	thread_self.cell = cells_attach(member.ledger, member.slot);
	thread_self.phase = thread_self.cell ? THREAD_ATTACHED : THREAD_ENDED;
	if (thread_self.cell)
		thread_return_cell_at_end();
	return thread_self.cell;
}

/*
 * A program that a refusal is to end could be over before the watchdog has a
 * processor, and would not have been ended. So the refused call returns after the
 * first step, once in a tree's life; not much later, if nobody is there to take it.
 */
static void await_step(const struct account *a)
{
	const struct slot *own = &member.ledger->slot[member.slot];
	int taken = 0;

	for (int i = 0; i < STEP_LOOKS; i++) {
		taken += a->step_count || a->next_step_ns == INT64_MAX;
		/* At the second look: between the note of a step and its signal is a moment. */
		if (taken > 1 && !atomic_load_explicit(&a->killing, memory_order_relaxed) &&
		    !atomic_load_explicit(&own->owed_signal, memory_order_seq_cst))
			return;
		raw_sleep_ns(STEP_LOOK_NS);
	}
}

void member_note_denial(enum limit_id limit, const char *call, int64_t amount, const void *caller)
{
	struct callsite site = {.module_offset = "", .build_id = ""};
	struct denial denial = {.limit = limit, .call = call, .amount = amount};
	struct denial_outcome outcome;

	if (denial_wants_site(member.ledger, member.slot) && callsite_describe(caller, &site)) {
		denial.site = site.module_offset;
		denial.build_id = site.build_id;
	}
	outcome = denial_note(member.ledger, member.slot, &denial,
			      callback_is_there() && !member_is_borrowed());
	/* First the watchdog, whose next step must not wait for a callback that never returns. */
	if (outcome.is_due)
		timer_thread_kick();
	if (outcome.call_for != LEDGER_NONE)
		callback_run(outcome.call_for, &denial);
	else if (outcome.is_due && !member_is_borrowed())
		await_step(&member.ledger->account[outcome.account]);
}

void member_note_kernel_refusal(const char *call, int error)
{
	if (member_is_guarded())
		denial_note_kernel(member.ledger, member.slot, call, error);
}

/*
 * From here until the fork has returned this thread charges under the lock,
 * because in the child its cell belongs to the parent. A handler may interrupt
 * it and fork as well; its child need not know of ours, and may even go on in
 * what it interrupted.
 */
static void park(void)
{
	if (thread_self.phase == THREAD_FORKING) {
		thread_self.parks++;
		thread_self.fast = NULL;
		return;
	}
	thread_self.phase = THREAD_FORKING;
	thread_self.parked = thread_self.cell;
	thread_self.cell = thread_self.fast = NULL;
}

static void unpark(void)
{
	if (thread_self.phase != THREAD_FORKING)
		return;
	if (thread_self.parks) {
		thread_self.parks--;
		return;
	}
	thread_self.cell = thread_self.parked;
	thread_self.phase = thread_self.cell ? THREAD_ATTACHED : THREAD_NEW;
}

/*
 * The slot that the parent reserved, or another: a reservation dies with its
 * maker, and the parent may have been killed between the fork and here.
 */
static uint32_t take_place(uint32_t index, pid_t pid)
{
	/* In a pid namespace of its own the child alone knows its number. */
	if (index != LEDGER_NONE &&
	    atomic_load_explicit(&member.ledger->home_namespace, memory_order_relaxed) &&
	    slots_is_made_by(member.ledger, index, thread_self.child_maker)) {
		slots_bind_self(member.ledger, index);
		return index;
	}
	if (index != LEDGER_NONE && slots_is_of(member.ledger, index, pid))
		return index;
	if (index == LEDGER_NONE ||
	    !slots_is_reserved_by_thread(member.ledger, index, thread_self.child_maker)) {
		index = slots_open_lost(member.ledger, thread_self.child_account);
		atomic_fetch_or_explicit(&member.ledger->degraded,
					 index == LEDGER_NONE ? LEDGER_SLOTS_FULL : LEDGER_UNRESERVED,
					 memory_order_relaxed);
		if (index != LEDGER_NONE)
			slots_bind_self(member.ledger, index);
		return index;
	}
	slots_bind(member.ledger, index, pid);
	return index;
}

static void become_child(void)
{
	uint64_t mask;
	pid_t pid = raw_getpid();
	uint32_t place, index = thread_self.child_slot;

	if (member.pid == pid)
		return;
	/* None was reserved for what goes on in an interrupted fork in the child of another. */
	if (index == LEDGER_NONE)
		thread_self.child_account = member.ledger->slot[member.slot].account;
	do {
		ledger_lock_newborn(member.ledger, &mask);
		place = take_place(index, pid);
		ledger_unlock(member.ledger, &mask);
	} while (place == LEDGER_NONE && sweep_dead(member.ledger, SWEEP_ALL));
	index = place;
	if (index == LEDGER_NONE)
		member.phase = PHASE_IDLE;
	else
		member.slot = index;
	member.pid = pid;
	/* Another's accounts may be others. */
	if (index != thread_self.child_slot)
		thread_self.newborn = NULL;
	if (index != LEDGER_NONE && newborn_self()->is_traced)
		trace_process(member.ledger, member.ledger->slot[index].account, "fork");
	thread_self.child_slot = thread_self.outer_slot = LEDGER_NONE;
	thread_self.cell = thread_self.fast = thread_self.parked = NULL;
	thread_self.parks = 0;
	thread_self.phase = THREAD_NEW;
}

bool member_share_words(void)
{
	struct cell *cell = thread_self.cell;
	uint64_t mask;

	/* Not in a vfork child: its maker, who has the cell, waits. */
	if (thread_self.phase == THREAD_FORKING || thread_self.phase == THREAD_ENDED || member_is_borrowed())
		return false;
	thread_self.phase = THREAD_ENDED;
	thread_self.cell = thread_self.fast = NULL;
	if (cell) {
		ledger_lock(member.ledger, &mask);
		cells_retire_locked(member.ledger, member.slot, cell);
		ledger_unlock(member.ledger, &mask);
	}
	return true;
}

void member_own_words(bool again)
{
	if (again)
		thread_self.phase = THREAD_NEW;
}

void member_fork(enum fork_side side)
{
	switch (side) {
	case FORK_PREPARE:
		park();
		break;
	case FORK_PARENT:
		unpark();
		break;
	case FORK_CHILD:
		become_child();
		break;
	}
}
