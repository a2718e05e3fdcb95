/*
 * growth.c - from where growth of memory counts; see growth.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "growth.h"

#include "core/accounts.h"
#include "core/cells.h"
#include "core/grades.h"
#include "core/ledger_lock.h"
#include "core/resident.h"
#include "member.h"

void growth_begin(int64_t bytes)
{
	uint32_t own = member.ledger->slot[member.slot].account;
	int64_t resident = resident_is_limited(member.ledger, own) ? resident_of_self() : 0;
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	FOR_EACH_ACCOUNT_UP(member.ledger, own, a)
	{
		if (a->root != member.slot)
			continue;
		grades_begin(a, bytes < 0 ? cells_charged(member.ledger, member.slot) : bytes);
		resident_begin(a, resident);
	}
	ledger_unlock(member.ledger, &mask);
}

void growth_begin_at_main(void)
{
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		if (a->limit[RL_MEM_GROWTH] == RL_UNLIMITED && a->limit[RL_RSS_GROWTH] == RL_UNLIMITED)
			continue;
		growth_begin(-1);
		return;
	}
}
