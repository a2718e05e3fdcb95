/*
 * grades.c - what the byte budget of an account lends; see grades.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "grades.h"

#include <stdatomic.h>

#include "accounts.h"
#include "actions.h"
#include "leases.h"
#include "ledger_lock.h"
#include "meter.h"
#include "rawsys.h"
#include "slots.h"
#include "watchdog.h"

static int64_t above_since(const struct account *a)
{
	return atomic_load_explicit(&a->above_since_ns, memory_order_relaxed);
}

void grades_open(struct account *a, const struct config *config)
{
	/* The part of SCOPE=process that the tree shares has no MEM, and so no spikes. */
	a->mem_grace_ns = a->limit[RL_MEM] == RL_UNLIMITED ? CONFIG_UNSET : config->mem_grace_ns;
	a->mem_hard = config->mem_hard;
	a->reserve = config->reserve;
	a->growth_base = -1;
}

void grades_open_sibling(struct account *a, const struct account *model)
{
	a->mem_grace_ns = model->mem_grace_ns;
	a->mem_hard = model->mem_hard;
	a->reserve = model->reserve;
	/* A forked child is charged for its growth only, so it begins at none. */
	a->growth_base = 0;
}

void grades_begin(struct account *a, int64_t bytes)
{
	a->growth_base = bytes;
}

static int64_t growth_ceiling(const struct account *a)
{
	if (a->limit[RL_MEM_GROWTH] == RL_UNLIMITED || a->growth_base < 0)
		return RL_UNLIMITED;
	return a->growth_base + a->limit[RL_MEM_GROWTH];
}

static int64_t ceiling(const struct account *a, int64_t mem)
{
	int64_t growth = growth_ceiling(a);
	int64_t least = mem < growth ? mem : growth;

	return least == RL_UNLIMITED || !a->reserve_open ? least : least + a->reserve;
}

int64_t grades_left(const struct account *a)
{
	return ceiling(a, a->limit[RL_MEM]) - a->leased;
}

/* Whether MEM may be exceeded now; whose time is over keeps to it until it has come back. */
static bool may_spike(const struct account *a)
{
	int64_t since_ns = above_since(a);

	if (a->mem_grace_ns <= 0)
		return false;
	return !since_ns || raw_clock_ns(CLOCK_MONOTONIC) - since_ns < a->mem_grace_ns;
}

int64_t grades_ceiling(const struct account *a)
{
	return ceiling(a, may_spike(a) ? a->mem_hard : a->limit[RL_MEM]);
}

enum limit_id grades_limit(const struct account *a)
{
	return growth_ceiling(a) < (may_spike(a) ? a->mem_hard : a->limit[RL_MEM]) ? RL_MEM_GROWTH : RL_MEM;
}

bool grades_admit(const struct ledger *ledger, uint32_t index, int64_t n, enum grades_spike spike)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		if (n <= 0 || n <= grades_left(a))
			continue;
		if (spike == SPIKE_RUNNING && !above_since(a))
			return false;
		if (n > grades_ceiling(a) - a->leased)
			return false;
	}
	return true;
}

bool grades_allow_spikes(const struct ledger *ledger, uint32_t index)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->mem_grace_ns > 0)
		return true;
	return false;
}

bool grades_are_tight(const struct ledger *ledger, uint32_t index)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (above_since(a))
		return true;
	return false;
}

void grades_follow(struct account *a)
{
	int64_t since_ns = above_since(a);
	int64_t now_ns;
	bool is_above;

	if (a->mem_grace_ns <= 0)
		return;
	is_above = a->leased > a->limit[RL_MEM] + (a->reserve_open ? a->reserve : 0);
	if (is_above == (since_ns != 0))
		return;
	now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	if (is_above)
		a->spikes++;
	else if (now_ns - since_ns > a->spike_longest_ns)
		a->spike_longest_ns = now_ns - since_ns;
	atomic_store_explicit(&a->above_since_ns, is_above ? now_ns : 0, memory_order_relaxed);
}

void grades_open_reserve(struct account *a)
{
	if (!a->reserve || a->reserve_open)
		return;
	a->reserve_open = 1;
	grades_follow(a);
}

/* `deny:2s,TERM` refuses for that long once the time is over; `TERM` begins at once. */
static int64_t time_to_first_signal(const struct account *a)
{
	const struct action *action = &a->action[RL_MEM];

	return a->mem_grace_ns + (action->step[0].signal == RL_STEP_DENY ? action->step[0].delay_ns : 0);
}

static int64_t due_ns(const struct account *a)
{
	int64_t since_ns = above_since(a);

	if (!since_ns || !action_has_signal(&a->action[RL_MEM]))
		return INT64_MAX;
	return since_ns + time_to_first_signal(a);
}

int64_t grades_due_ns(const struct ledger *ledger, uint32_t index)
{
	int64_t earliest_ns = INT64_MAX;

	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (due_ns(a) < earliest_ns)
		earliest_ns = due_ns(a);
	return earliest_ns;
}

/*
 * Who takes the sum above MEM tells the watchdog of its own process. That is
 * enough, whoever dies: what lived before the crossing was no more than MEM,
 * so while the sum stays above it somebody lives who has drawn since.
 */
int64_t meter_mem(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	const struct account *a = &w->ledger->account[account];
	int64_t next_ns;
	uint64_t mask;

	if (a->mem_grace_ns <= 0 || now_ns < due_ns(a))
		return due_ns(a);
	/* What dead processes held, and what its owner is about to give back, is no breach. */
	sweep_dead(w->ledger, SWEEP_ALL);
	ledger_lock(w->ledger, &mask);
	leases_collect(w->ledger);
	next_ns = due_ns(a);
	ledger_unlock(w->ledger, &mask);
	return now_ns < next_ns ? next_ns : METER_REACHED;
}
