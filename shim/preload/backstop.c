/*
 * backstop.c - the kernel's own timers behind the last steps; see backstop.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "backstop.h"

#include <stdatomic.h>
#include <string.h>

#include "core/accounts.h"
#include "core/breach.h"
#include "core/rawsys.h"
#include "core/watchdog.h"
#include "kernel_timer.h"
#include "member.h"

enum { LAST_RESORT_NS = 500000000 };

static _Atomic bool forbidden; /* any thread writes it, before a child that reads it is made */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

/* When the wall limit has taken its last step at the latest, on CLOCK_MONOTONIC; INT64_MAX: never. */
static int64_t last_wall_step_ns(const struct account *a)
{
	int64_t deadline_ns = atomic_load_explicit(&a->wall_deadline_ns, memory_order_relaxed);
	int64_t delays_ns = breach_delays_ns(a, RL_WALL);

	return deadline_ns == INT64_MAX || delays_ns < 0 ? INT64_MAX : deadline_ns + delays_ns;
}

/* How much more this process can use by itself before the last step for processor time; INT64_MAX: no end. */
static int64_t cpu_to_last_step_ns(const struct account *a)
{
	int64_t delays_ns, cpus;

	if (a->limit[RL_CPU] == RL_UNLIMITED)
		return INT64_MAX;
	delays_ns = breach_delays_ns(a, RL_CPU);
	cpus = watchdog_cpus();
	if (delays_ns < 0 || delays_ns > RL_LIMIT_MAX / cpus - LAST_RESORT_NS)
		return INT64_MAX;
	/* The sum may be an old one: then the timer comes late, never early. */
	return a->limit[RL_CPU] - a->cpu_sum_ns + (delays_ns + LAST_RESORT_NS) * cpus;
}

void backstop_plan(struct backstop *plan, uint32_t slot)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	*plan = (struct backstop){INT64_MAX, INT64_MAX, INT64_MAX};
	/* Also the calls that find out what they are to be. */
	if (atomic_load_explicit(&forbidden, memory_order_relaxed))
		return;
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[slot].account, a)
	{
		int64_t wall_ns = last_wall_step_ns(a);

		if (wall_ns != INT64_MAX) {
			wall_ns += LAST_RESORT_NS;
			plan->running_ns = least(plan->running_ns, wall_ns - now_ns);
			plan->stopped_at_ns =
				least(plan->stopped_at_ns, wall_ns + a->stopped_max_ns - a->stopped_ns);
		}
		plan->cpu_ns = least(plan->cpu_ns, cpu_to_last_step_ns(a));
	}
	/* No sooner than the other: that one does. */
	if (plan->stopped_at_ns - now_ns <= plan->running_ns)
		plan->running_ns = INT64_MAX;
}

void backstop_arm(const struct backstop *plan)
{
	struct sigevent event;

	if (atomic_load_explicit(&forbidden, memory_order_relaxed))
		return;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGKILL;
	if (plan->stopped_at_ns <= RL_LIMIT_MAX)
		kernel_timer_arm(CLOCK_MONOTONIC, plan->stopped_at_ns, &event);
	if (plan->running_ns <= RL_LIMIT_MAX)
		kernel_timer_arm_in(CLOCK_THREAD_CPUTIME_ID, plan->running_ns, &event);
	if (plan->cpu_ns <= RL_LIMIT_MAX)
		kernel_timer_arm_in(CLOCK_PROCESS_CPUTIME_ID, plan->cpu_ns, &event);
}

void backstop_forbid(void)
{
	atomic_store_explicit(&forbidden, true, memory_order_relaxed);
}
