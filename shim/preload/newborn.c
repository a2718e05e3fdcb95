/*
 * newborn.c - what a forked child has to know of its accounts; see newborn.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "newborn.h"

#include <stdatomic.h>

#include "core/accounts.h"
#include "core/trace.h"
#include "core/tree.h"
#include "core/watchdog.h"
#include "member.h"

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
