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

void progress_begin(void)
{
	struct slot *s = &member.ledger->slot[member.slot];
	_Atomic int64_t *word = NULL;

	FOR_EACH_ACCOUNT_UP(member.ledger, s->account, a)
	if (a->limit[RL_IDLE] != RL_UNLIMITED)
		word = &s->progress_ns;
	atomic_store_explicit(&progress_word, word, memory_order_relaxed);
}

void progress_fork(enum fork_side side)
{
	if (side == FORK_CHILD)
		progress_begin();
}
