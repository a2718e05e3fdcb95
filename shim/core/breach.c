/*
 * breach.c - a limit's steps; see breach.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "breach.h"

#include <stdatomic.h>

#include "accounts.h"
#include "actions.h"
#include "ledger_lock.h"
#include "logline.h"
#include "rawsys.h"
#include "record.h"
#include "slots.h"
#include "stacks.h"

enum {
	LOOK_HEADSTART_NS = 10000000,
	KILL_AGAIN_NS = 2000000,     /* until nobody is left */
	ROOT_HEADSTART_NS = 5000000, /* for the first process to write its record */
};

static uint32_t first_signal_step(const struct action *action)
{
	return action->step[0].signal == RL_STEP_DENY ? 1 : 0;
}

bool breach_claim(struct ledger *ledger, uint32_t account, enum limit_id limit, int64_t now_ns)
{
	struct account *a = &ledger->account[account];

	if (atomic_load_explicit(&a->breach, memory_order_relaxed))
		return false;
	a->breach_at_ns = now_ns;
	a->next_step = first_signal_step(&a->action[limit]);
	a->next_step_ns = a->next_step < a->action[limit].count ? now_ns : INT64_MAX;
	atomic_store_explicit(&a->breach, limit + 1, memory_order_release);
	return true;
}

bool breach_is_killing(const struct ledger *ledger, uint32_t account)
{
	FOR_EACH_ACCOUNT_UP(ledger, account, a)
	if (atomic_load_explicit(&a->killing, memory_order_relaxed))
		return true;
	return false;
}

static void note_step(struct account *a, int signal, int64_t now_ns)
{
	struct ledger_step *s = &a->step[a->step_count];

	if (a->step_count == LEDGER_STEPS)
		return;
	s->at_ns = now_ns - a->start_ns;
	s->signal = signal;
	a->step_count++;
}

/* The step that is due, or NULL. */
static const struct action_step *due_step(const struct account *a, int64_t now_ns)
{
	uint32_t breach = atomic_load_explicit(&a->breach, memory_order_relaxed);

	return breach && now_ns >= a->next_step_ns ? &a->action[breach - 1].step[a->next_step] : NULL;
}

/* Takes the step that is due. Return: its signal, or 0. */
static int take_step(struct account *a, int64_t now_ns)
{
	const struct action_step *step = due_step(a, now_ns);
	const struct action *action;

	if (!step)
		return 0;
	action = &a->action[atomic_load_explicit(&a->breach, memory_order_relaxed) - 1];
	if (step->signal == SIGKILL) {
		if (!atomic_exchange_explicit(&a->killing, 1, memory_order_relaxed))
			note_step(a, SIGKILL, now_ns);
		a->next_step_ns = now_ns + KILL_AGAIN_NS;
		return SIGKILL;
	}
	note_step(a, step->signal, now_ns);
	a->next_step++;
	a->next_step_ns = a->next_step < action->count ? now_ns + step->delay_ns : INT64_MAX;
	return step->signal;
}

static void signal_slot(const struct ledger *ledger, uint32_t index, int signal)
{
	pid_t pid = atomic_load_explicit(&ledger->slot[index].pid, memory_order_relaxed);

	/* 1 is the first process of a namespace that we were not told of, or of the machine. */
	if (pid > 1)
		raw_kill(pid, signal);
}

/* Signals every member but two, which may be LEDGER_NONE. */
static void signal_members(struct ledger *ledger, uint32_t account, uint32_t self, uint32_t but,
			   uint32_t but_too, int signal)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++)
		if (i != but && i != but_too &&
		    accounts_is_within(ledger, ledger->slot[i].account, account) &&
		    slots_is_reachable(ledger, i, self))
			signal_slot(ledger, i, signal);
}

/* The first process goes last, and by its own hand if it can, because it writes the record. */
static void kill_members(struct ledger *ledger, uint32_t account, uint32_t self)
{
	uint32_t root = ledger->account[account].root;
	struct record_ending ending = {.signal = SIGKILL};

	if (self == root)
		record_process_end(ledger, self, &ending);
	signal_members(ledger, account, self, root, self, SIGKILL);
	if (self != root && root != LEDGER_NONE && slots_is_reachable(ledger, root, self)) {
		raw_sleep_ns(ROOT_HEADSTART_NS);
		signal_slot(ledger, root, SIGKILL);
	}
	if (self != LEDGER_NONE) {
		raw_kill(raw_getpid(), SIGKILL);
		/* The first process of a pid namespace does not die of its own SIGKILL. */
		raw_exit_group(128 + SIGKILL);
	}
}

enum { NOTED_FIRST = 1, NOTED_KILL = 2 };

/*
 * Before the first signal and before KILL the stacks are noted, by whoever
 * comes first; the others leave the step to it for as long as that may take.
 * Return: the signal whose step waits for it, or 0.
 */
static int claim_stacks(struct account *a, int64_t now_ns)
{
	const struct action_step *step = due_step(a, now_ns);
	uint32_t kinds = 0;

	if (!step || !stacks_are_wanted(a))
		return 0;
	if (!a->step_count)
		kinds |= NOTED_FIRST;
	if (step->signal == SIGKILL)
		kinds |= NOTED_KILL;
	if (!(kinds & ~a->stacks_noted))
		return 0;
	a->stacks_noted |= kinds;
	a->next_step_ns = now_ns + STACKS_PATIENCE_NS;
	return step->signal;
}

/* Notes them if that is due, without the lock. Return: the time after it. */
static int64_t note_stacks(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns)
{
	struct account *a = &ledger->account[account];
	uint32_t steps, next;
	uint64_t mask;
	bool is_locked;
	int signal;

	/* The first process may look into the others and write the log, where one that gave up its user may
	 * not. */
	if (stacks_are_wanted(a) && self != a->root && self != LEDGER_NONE &&
	    !atomic_load_explicit(&a->killing, memory_order_relaxed))
		raw_sleep_ns(LOOK_HEADSTART_NS);
	is_locked = ledger_lock_urgent(ledger, &mask);
	signal = claim_stacks(a, now_ns);
	steps = a->step_count;
	next = a->next_step;
	ledger_unlock_urgent(ledger, &mask, is_locked);
	if (!signal)
		return now_ns;
	stacks_note(ledger, account, self, signal);
	now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	is_locked = ledger_lock_urgent(ledger, &mask);
	/* Another may have lost patience and taken the step. */
	if (a->step_count == steps && a->next_step == next)
		a->next_step_ns = now_ns;
	ledger_unlock_urgent(ledger, &mask, is_locked);
	return now_ns;
}

void breach_carry_out(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns)
{
	struct account *a = &ledger->account[account];
	uint64_t mask;
	bool is_locked;
	int signal;

	now_ns = note_stacks(ledger, account, self, now_ns);
	is_locked = ledger_lock_urgent(ledger, &mask);
	signal = take_step(a, now_ns);
	ledger_unlock_urgent(ledger, &mask, is_locked);
	if (!signal)
		return;
	logline(a, "step", action_step_name(signal), signal);
	if (signal == SIGKILL) {
		kill_members(ledger, account, self);
		return;
	}
	/* The own process last: it may not survive its signal for long enough to send the others. */
	signal_members(ledger, account, self, self, LEDGER_NONE, signal);
	if (self != LEDGER_NONE)
		raw_kill(raw_getpid(), signal);
}

int64_t breach_last_step_ns(const struct account *a)
{
	const struct action *action = &a->action[RL_WALL];
	int64_t at_ns = a->wall_deadline_ns;

	if (at_ns == INT64_MAX || action->step[action->count - 1].signal != SIGKILL)
		return INT64_MAX;
	for (uint32_t i = 0; i < action->count; i++)
		at_ns += action->step[i].delay_ns;
	return at_ns;
}
