/*
 * interpose_sysconf.c - how much memory the machine has, to a program that has a budget.
 *
 * Owns:    nothing.
 * Called:  by the program, its libraries and allocators.
 * Context: any thread, signal handlers, fork and vfork children; errno as the
 *          real function leaves it.
 * Fork:    nothing, because there is no state.
 *
 * Some programs make themselves at home according to the machine: a Java
 * virtual machine commits a 64th of the memory as its first heap and does not
 * start without it, 384 MiB of 24 GiB. Those mappings are committed, so a
 * budget that let them pass would be none. But the virtual machine asks, and
 * is told of no more than MACHINE_TO_BUDGET times the budget: enough that
 * its largest heap (a quarter) is still more than the budget, which decides,
 * and little enough that its first one fits.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/sysinfo.h>

#include "core/accounts.h"
#include "core/attrs.h"
#include "mappings.h"
#include "member.h"
#include "real.h"

enum { MACHINE_TO_BUDGET = 8 };

/* The lesser of a number of pages and what fits the tightest budget. */
static long in_proportion(long pages)
{
	int64_t least = RL_LIMIT_MAX / MACHINE_TO_BUDGET;

	if (!member_is_guarded())
		return pages;
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	if (a->limit[RL_MEM] < least)
		least = a->limit[RL_MEM];
	least = least * MACHINE_TO_BUDGET / MAPPINGS_PAGE;
	return pages > least ? (long)least : pages;
}

RL_EXPORT long sysconf(int name)
{
	real_ensure();
	if (name == _SC_PHYS_PAGES || name == _SC_AVPHYS_PAGES)
		return in_proportion(REAL_LATE(sysconf)(name));
	return REAL_LATE(sysconf)(name);
}

RL_EXPORT long get_phys_pages(void)
{
	return in_proportion(REAL_LATE(get_phys_pages)());
}

RL_EXPORT long get_avphys_pages(void)
{
	return in_proportion(REAL_LATE(get_avphys_pages)());
}
