/*
 * own_leash.c - this process's own hold on its supervisor's life; see own_leash.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "own_leash.h"

#include <stdatomic.h>

#include "core/leash.h"
#include "core/tree.h"
#include "member.h"

static int leash = -1;
static bool has_supervisor; /* that must not be outlived */

/* Of the threads that a filter binds, and inherited by their children; kept where the next program finds
 * them. */
static _Atomic uint32_t *bans(void)
{
	return &member.ledger->slot[member.slot].leash_bans;
}

static void take(int old)
{
	_Atomic int32_t *opening = &member.ledger->slot[member.slot].opening;
	uint32_t banned = atomic_load_explicit(bans(), memory_order_relaxed);

	if (banned & LEASH_NO_OWNER)
		return;
	atomic_fetch_add_explicit(opening, 1, memory_order_relaxed);
	leash = leash_take(member.ledger, member.slot, old, !(banned & LEASH_NO_SOCKET));
	atomic_fetch_sub_explicit(opening, 1, memory_order_release);
}

void own_leash_begin(void)
{
	has_supervisor = leash_is_due(member.ledger, member.slot);
	/* Had the supervisor died since it took hold of us, so had we. */
	if (!has_supervisor || !leash_is_missing(member.ledger, member.slot))
		return;
	take(-1);
	own_leash_tell_of_child();
}

void own_leash_forbid_sockets(void)
{
	atomic_fetch_or_explicit(bans(), LEASH_NO_SOCKET, memory_order_relaxed);
}

bool own_leash_is_due(void)
{
	return has_supervisor;
}

void own_leash_tell_of_child(void)
{
	if (has_supervisor)
		tree_kick_supervisor(member.ledger, member.ledger->slot[member.slot].account);
}

void own_leash_fork(enum fork_side side)
{
	if (side == FORK_CHILD && has_supervisor && member_is_guarded())
		take(leash);
}

void own_leash_forbid(void)
{
	atomic_fetch_or_explicit(bans(), LEASH_NO_OWNER, memory_order_relaxed);
}
