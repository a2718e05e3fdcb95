/*
 * slots_reach.c - whether a slot's process lives, and can be signalled; see slots.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <stdatomic.h>

#include "procfs.h"

bool slots_is_alive(const struct slot *s)
{
	pid_t pid = atomic_load_explicit(&s->pid, memory_order_relaxed);

	if (atomic_load_explicit(&s->state, memory_order_relaxed) ==
	    SLOT_RESERVED) /* born_ns is then the maker's, or a later time */
		return procfs_life(s->creator, s->born_ns) == PROCFS_ALIVE;
	return procfs_life(pid, s->born_ns) == PROCFS_ALIVE;
}

bool slots_shares_pids(const struct ledger *ledger, uint32_t index, uint32_t self)
{
	const struct slot *s = &ledger->slot[index];

	if (self != LEDGER_NONE)
		return s->pid_namespace == ledger->slot[self].pid_namespace;
	/* A supervisor is in the first one, and its sweep reaches the others by their numbers there. */
	return !s->pid_namespace ||
	       s->pid_namespace == atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed);
}

bool slots_is_reachable(const struct ledger *ledger, uint32_t index, uint32_t self)
{
	const struct slot *s = &ledger->slot[index];
	uint32_t state = atomic_load_explicit(&s->state, memory_order_acquire);

	if (state != SLOT_LIVE && state != SLOT_LEAVING)
		return false;
	return slots_shares_pids(ledger, index, self) && slots_is_alive(s);
}
