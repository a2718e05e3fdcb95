/*
 * progress_word.c - where this process tells its progress; see progress_word.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "progress_word.h"

#include <stdatomic.h>
#include <stddef.h>

#include "core/accounts.h"
#include "member.h"

_Atomic int64_t *_Atomic progress_word;

static void set_word(bool tells)
{
	atomic_store_explicit(&progress_word, tells ? &member.ledger->slot[member.slot].progress_ns : NULL,
			      memory_order_relaxed);
}

void progress_begin(void)
{
	bool tells = false;

	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	tells |= a->limit[RL_IDLE] != RL_UNLIMITED;
	set_word(tells);
}

void progress_fork(enum fork_side side)
{
	if (side == FORK_CHILD)
		set_word(newborn_self()->tells_progress);
}
