/*
 * own_leash.c - this process's own hold on its supervisor's life; see own_leash.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "own_leash.h"

#include "core/leash.h"
#include "core/tree.h"
#include "member.h"

static int leash = -1;
static bool has_supervisor; /* that must not be outlived */
static bool is_forbidden;   /* written by the thread that a filter binds, and inherited by its children */

void own_leash_begin(void)
{
	has_supervisor = leash_is_due(member.ledger, member.slot);
	if (!has_supervisor)
		return;
	leash = leash_take(member.ledger, member.slot, -1);
	if (leash_is_missing(member.ledger, member.slot))
		own_leash_tell_of_child();
}

void own_leash_tell_of_child(void)
{
	if (has_supervisor)
		tree_kick_supervisor(member.ledger, member.ledger->slot[member.slot].account);
}

void own_leash_fork(enum fork_side side)
{
	if (side == FORK_CHILD && has_supervisor && !is_forbidden && member_is_guarded())
		leash = leash_take(member.ledger, member.slot, leash);
}

void own_leash_forbid(void)
{
	is_forbidden = true;
}
