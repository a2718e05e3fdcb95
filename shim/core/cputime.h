/*
 * cputime.h - processor time of a tree, living and dead.
 *
 * Owns:    the slots' cpu_ns and children_ns, the accounts' sums of them.
 * Called:  meter_time in the watchdog; record, trace and the plug-in's host;
 *          startup for what was used before; the supervisor.
 * Context: under the ledger's lock unless said otherwise; async-signal-safe, never allocates, leaves
 *          errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CPUTIME_H
#define RL_CORE_CPUTIME_H

#include <stdint.h>
#include <sys/time.h>

#include "../contract/ledger_layout.h"

/* A time of getrusage(2) in nanoseconds. Context: any thread. */
static inline int64_t cputime_ns(const struct timeval *time)
{
	return (int64_t)time->tv_sec * 1000000000 + time->tv_usec * 1000;
}

/*
 * Brings the kernel's sum for the calling process, in slot `self`, up to date:
 * it leaves out what threads used on other processors since the last tick, up
 * to 4 ms each. Asking for a thread's own clock adds that, but only its own
 * process may ask; so each process's watchdog does, before it takes the lock.
 * Context: also without the lock.
 */
void cputime_refresh(const struct ledger *ledger, uint32_t self);

/*
 * What members were told of their children's time, for a supervisor: they have no watchdog that would tell
 * it. It takes a file for each, so it is left out near the limit and too soon after the last time. Context:
 * without the lock.
 */
void cputime_refresh_children(struct ledger *ledger, uint32_t account, int64_t now_ns);

/* Nanoseconds used by the children that the calling process waited for. Context: also without the lock. */
int64_t cputime_of_children(void);

/*
 * Nanoseconds that all members of an account have used since the guard began,
 * never too many. `self` is the slot of the calling process, whose own time is
 * then exact after cputime_refresh(), or LEDGER_NONE.
 */
int64_t cputime_of_account(struct ledger *ledger, uint32_t account, uint32_t self);

#endif
