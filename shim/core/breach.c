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
#include "signal_state.h"
#include "slots.h"
#include "stacks.h"
#include "step_signals.h"
#include "trace.h"

enum {
	LOOK_HEADSTART_NS = 10000000,
	KILL_AGAIN_NS = 2000000, /* until nobody is left */
	SENDING_NS = 100000000,
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

static void note_step(struct account *a, int signal, bool skipped, int64_t now_ns)
{
	struct ledger_step *s = &a->step[a->step_count];

	if (a->step_count == LEDGER_STEPS)
		return;
	s->at_ns = now_ns - a->start_ns;
	s->signal = signal;
	s->skipped = skipped;
	a->step_count++;
}

/* The step that is due, or NULL. */
static const struct action_step *step_due(const struct account *a, int64_t now_ns)
{
	uint32_t breach = atomic_load_explicit(&a->breach, memory_order_acquire);

	if (!breach || now_ns < a->next_step_ns)
		return NULL;
	return &a->action[breach - 1].step[a->next_step];
}

/* The delay runs from when a step is taken, whether or not it ever comes back. */
static void go_on(struct account *a, const struct action *action, bool skip, int64_t now_ns)
{
	int64_t delay_ns = skip ? 0 : action->step[a->next_step].delay_ns;

	a->next_step++;
	a->next_step_ns = a->next_step < action->count ? now_ns + delay_ns : INT64_MAX;
}

/* Takes the step that is due, or passes it over. Return: the signal to send, or 0. */
static int take_step(struct account *a, bool skip, int64_t now_ns)
{
	const struct action_step *step = step_due(a, now_ns);
	const struct action *action;

	if (!step)
		return 0;
	action = &a->action[atomic_load_explicit(&a->breach, memory_order_relaxed) - 1];
	if (step->signal == SIGKILL) {
		if (!atomic_exchange_explicit(&a->killing, 1, memory_order_relaxed))
			note_step(a, SIGKILL, false, now_ns);
		a->next_step_ns = now_ns + KILL_AGAIN_NS;
		return SIGKILL;
	}
	note_step(a, step->signal, skip, now_ns);
	if (step->signal == RL_STEP_CALL && !skip)
		atomic_fetch_add_explicit(&a->calls, 1, memory_order_release);
	/* For those who are made while it is sent; who died in the middle of that sends it no more. */
	if (step->signal > 0 && !skip) {
		a->sending_until_ns = now_ns + SENDING_NS;
		atomic_store_explicit(&a->sending, (uint32_t)step->signal, memory_order_relaxed);
	}
	go_on(a, action, skip, now_ns);
	return skip ? 0 : step->signal;
}

bool breach_take_call(struct ledger *ledger, uint32_t account, int64_t now_ns)
{
	struct account *a = &ledger->account[account];
	const struct action_step *due = step_due(a, now_ns);

	return due && due->signal == RL_STEP_CALL && take_step(a, false, now_ns) == RL_STEP_CALL;
}

/* Whether a member would not take the step. */
static bool member_refuses(const struct ledger *ledger, uint32_t account, uint32_t index, uint32_t self,
			   int step)
{
	bool skip_blocked = ledger->account[account].skip_blocked;
	int signal = step == RL_STEP_CALL ? step_signals_of_callback(ledger, index, self) : step;

	if (!signal || !slots_is_reachable(ledger, index, self))
		return true;
	return skip_blocked &&
	       signal_state_is_refused(atomic_load_explicit(&ledger->slot[index].pid, memory_order_relaxed),
				       signal);
}

/*
 * Whether the step that is due would reach nobody. Reads many files, so it is
 * asked without the lock; that another takes the step meanwhile does no harm.
 */
static bool step_is_refused(const struct ledger *ledger, uint32_t account, uint32_t self,
			    const struct action_step *step)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	if (step->signal == SIGKILL ||
	    (step->signal != RL_STEP_CALL && !ledger->account[account].skip_blocked))
		return false;
	for (uint32_t i = 0; i < end; i++)
		if (accounts_is_within(ledger, ledger->slot[i].account, account) &&
		    !member_refuses(ledger, account, i, self, step->signal))
			return false;
	return true;
}

enum { NOTED_FIRST = 1, NOTED_KILL = 2 };

/*
 * Before the first signal and before KILL the stacks are noted, by whoever
 * comes first; the others leave the step to it for as long as that may take.
 * Return: the signal whose step waits for it, or 0.
 */
static int claim_stacks(struct account *a, int64_t now_ns)
{
	const struct action_step *step = step_due(a, now_ns);
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

	if (!stacks_are_wanted(a))
		return now_ns;
	/* The first process may look into the others and write the log, where one that gave up its user may
	 * not. */
	if (self != a->root && self != LEDGER_NONE &&
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
	const struct action_step *due;
	uint64_t mask;
	bool skip, is_locked;
	int signal;

	if (!step_due(a, now_ns))
		return;
	now_ns = note_stacks(ledger, account, self, now_ns);
	due = step_due(a, now_ns);
	if (!due)
		return;
	skip = step_is_refused(ledger, account, self, due);
	is_locked = ledger_lock_urgent(ledger, &mask);
	signal = step_due(a, now_ns) == due ? take_step(a, skip, now_ns) : 0;
	ledger_unlock_urgent(ledger, &mask, is_locked);
	if (!signal)
		return;
	logline(a, "step", action_step_name(signal), signal);
	trace_event(ledger, account, "step", {"step", action_step_name(signal), 0});
	if (signal == SIGKILL) {
		step_signals_kill(ledger, account, self);
		return;
	}
	if (signal == RL_STEP_CALL) {
		step_signals_call(ledger, account, self);
		return;
	}
	step_signals_send(ledger, account, self, signal);
	atomic_store_explicit(&a->sending, 0, memory_order_release);
}

int64_t breach_delays_ns(const struct account *a, enum limit_id limit)
{
	const struct action *action = &a->action[limit];
	int64_t sum_ns = 0;

	if (!action->count || action->step[action->count - 1].signal != SIGKILL)
		return -1;
	for (uint32_t i = 0; i < action->count; i++) {
		int64_t delay_ns = action->step[i].delay_ns;

		sum_ns = delay_ns > RL_LIMIT_MAX - sum_ns ? RL_LIMIT_MAX : sum_ns + delay_ns;
	}
	return sum_ns;
}
