/*
 * meter_idle.c - time since the last progress; see meter.h.
 *
 * One deadline, as far after the last progress as the limit says. Progress moves
 * it without waking anybody: it is found when the deadline comes.
 *
 * SPDX-License-Identifier: MIT
 */
#include "meter.h"

#include "progress.h"
#include "stops.h"
#include "watchdog.h"

enum { OUTPUT_LOOKS = 8 /* within the limit, for output that does not carry its time */ };

int64_t meter_idle(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	const struct account *a = &w->ledger->account[account];
	int64_t limit_ns = a->limit[RL_IDLE];
	int64_t standby_ns = watchdog_stands_by(w, a) ? WATCHDOG_STANDBY_NS : 0;
	int64_t next_ns = stops_follow_first(w, account, now_ns),
		look_ns = now_ns + limit_ns / OUTPUT_LOOKS + 1;
	int64_t deadline_ns;

	/* Output costs a few system calls: it is looked for when nothing else saves the tree, if that will
	 * do. */
	if (a->idle_output && (!standby_ns || now_ns >= progress_last_ns(w->ledger, account) + limit_ns) &&
	    progress_look_for_output(w->ledger, account, w->slot, now_ns))
		next_ns = look_ns < next_ns ? look_ns : next_ns;
	deadline_ns = progress_last_ns(w->ledger, account) + limit_ns + standby_ns;
	if (now_ns < deadline_ns)
		return next_ns < deadline_ns ? next_ns : deadline_ns;
	next_ns = stops_hold(w, account, now_ns);
	return next_ns ? next_ns : METER_REACHED;
}
