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
static bool is_forbidden;   /* written by the thread that a filter binds, and inherited by its children */
static _Atomic bool keeps_to_itself;

static void take(int old)
{
	leash = leash_take(member.ledger, member.slot, old);
	if (leash >= 0 && !atomic_load_explicit(&keeps_to_itself, memory_order_relaxed))
		leash_send(member.ledger, member.slot, leash);
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
	atomic_store_explicit(&keeps_to_itself, true, memory_order_relaxed);
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
	if (side == FORK_CHILD && has_supervisor && !is_forbidden && member_is_guarded())
		take(leash);
}

void own_leash_forbid(void)
{
	is_forbidden = true;
}
