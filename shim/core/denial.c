/*
 * denial.c - a call was refused; see denial.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "denial.h"

#include <errno.h>
#include <string.h>

#include "accounts.h"
#include "actions.h"
#include "breach.h"
#include "grades.h"
#include "ledger_lock.h"
#include "logline.h"
#include "rawsys.h"
#include "trace.h"

bool denial_wants_site(const struct ledger *ledger, uint32_t slot)
{
	return !ledger->account[ledger->slot[slot].account].first_denial.set;
}

static void copy_text(char *to, size_t size, const char *text)
{
	if (!text)
		return;
	memset(to, 0, size);
	strncpy(to, text, size - 1);
}

static void describe_first(struct account *a, const struct denial *d, int64_t now_ns)
{
	struct first_denial *first = &a->first_denial;

	if (first->set)
		return;
	copy_text(first->call, sizeof(first->call), d->call);
	copy_text(first->site, sizeof(first->site), d->site);
	copy_text(first->build_id, sizeof(first->build_id), d->build_id);
	first->amount = d->amount;
	first->at_ns = now_ns - a->start_ns;
	first->tid = raw_gettid();
	first->set = 1;
}

/*
 * Whether refusals have gone on long enough for the first signal: `deny:2s,
 * TERM` waits until refusals come 2 s after the first of a series, a series
 * being refusals with no gap longer than that delay.
 */
static bool series_is_over(struct account *a, enum limit_id limit, int64_t now_ns)
{
	const struct action *action = &a->action[limit];
	int64_t delay_ns = action->step[0].delay_ns;

	if (!action_has_signal(action))
		return false;
	if (action->step[0].signal != RL_STEP_DENY)
		return true;
	if (!a->series_start_ns[limit] || now_ns - a->series_last_ns[limit] > delay_ns)
		a->series_start_ns[limit] = now_ns;
	a->series_last_ns[limit] = now_ns;
	return now_ns - a->series_start_ns[limit] >= delay_ns;
}

/* Lines for the 1st, 2nd, 4th, 8th ... refusal: a loop that retries must not fill a disk. */
static bool is_worth_a_line(int64_t count)
{
	return (count & (count - 1)) == 0;
}

static bool leaves_no_room(const struct account *a, const struct denial *d)
{
	if (d->limit == RL_MEM)
		return a->leased + d->amount > grades_ceiling(a);
	return !account_has_room(a, d->limit);
}

/* The account whose limit left no room; the top one if all seem to have some again. */
static uint32_t refusing_account(const struct ledger *ledger, uint32_t index, const struct denial *d)
{
	uint32_t top = index;

	for (; index != LEDGER_NONE; index = ledger->account[index].parent) {
		const struct account *a = &ledger->account[index];
		if (leaves_no_room(a, d))
			return index;
		top = index;
	}
	return top;
}

/* Begins the limit's steps if they are due, and leaves the first to the caller if it can run it. */
static void begin_steps(struct ledger *ledger, enum limit_id limit, bool may_call, int64_t now_ns,
			struct denial_outcome *outcome)
{
	if (series_is_over(&ledger->account[outcome->account], limit, now_ns))
		outcome->is_due = breach_claim(ledger, outcome->account, limit, now_ns);
	if (outcome->is_due && may_call && breach_take_call(ledger, outcome->account, now_ns))
		outcome->call_for = outcome->account;
}

struct denial_outcome denial_note(struct ledger *ledger, uint32_t slot, const struct denial *d, bool may_call)
{
	struct denial_outcome outcome = {.call_for = LEDGER_NONE};
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	uint32_t index = ledger->slot[slot].account;
	bool past_refuser = false;
	struct account *refuser;
	enum limit_id limit;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	outcome.account = refusing_account(ledger, index, d);
	refuser = &ledger->account[outcome.account];
	limit = d->limit == RL_MEM ? grades_limit(refuser) : d->limit;
	for (; index != LEDGER_NONE; index = ledger->account[index].parent) {
		struct account *a = &ledger->account[index];

		/* Above the refusing account only the other part of the same budget is concerned. */
		if (past_refuser && (a->part != ACCOUNT_TREE || index != refuser->parent))
			break;
		a->denied[limit]++;
		a->last_denied = limit + 1;
		a->kernel_was_last = 0;
		describe_first(a, d, now_ns);
		if (a == refuser) {
			begin_steps(ledger, limit, may_call, now_ns, &outcome);
			past_refuser = true;
		}
	}
	if (d->limit == RL_MEM)
		grades_open_reserve(refuser);
	ledger_unlock(ledger, &mask);
	if (!is_worth_a_line(refuser->denied[limit]))
		return outcome;
	logline(refuser, "refused", d->call, d->amount);
	trace_event(ledger, outcome.account, "refused", {"pid", NULL, raw_getpid()}, {"call", d->call, 0},
		    {"bytes", NULL, d->amount}, {"count", NULL, refuser->denied[limit]});
	return outcome;
}

void denial_note_kernel(struct ledger *ledger, uint32_t slot, const char *call, int error)
{
	uint64_t mask;

	if (error != ENOMEM && error != EAGAIN)
		return;
	ledger_lock(ledger, &mask);
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		copy_text(a->kernel_refusal.call, sizeof(a->kernel_refusal.call), call);
		a->kernel_refusal.error = error;
		a->kernel_refusal.count++;
		a->kernel_was_last = 1;
	}
	ledger_unlock(ledger, &mask);
}
