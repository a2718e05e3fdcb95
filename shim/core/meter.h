/*
 * meter.h - what the watchdog looks at: one meter for each limit without a call to refuse.
 *
 * Owns:    nothing; a meter keeps what it must remember in struct watchdog or
 *          in the account.
 * Called:  watchdog, for each account from the process's own to the top.
 * Context: the watchdog's thread, which has no libc; without the ledger's
 *          lock, which a meter takes (ledger_lock_urgent) while it reads the tables and
 *          never while it reads files. Never allocates, leaves errno alone.
 * Fork:    nothing, because the child's watchdog starts anew.
 *
 * To add one: a row in limits.def, a function here, a line in watchdog.c.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_METER_H
#define RL_CORE_METER_H

#include "../contract/ledger_layout.h"

struct watchdog;

/* A meter's answer that the limit is reached; any other is CLOCK_MONOTONIC ns of its next look. */
enum { METER_REACHED = 0 };

/*
 * The first condition about a field that /proc/self/status does not have as a
 * number, or NULL: it could never be broken. Context: any thread.
 */
const struct condition *watch_find_unknown(const struct conditions *conditions);

/* Looks at a limit that is set on `account`. Return: METER_REACHED, or when to look again, INT64_MAX: never.
 */
typedef int64_t meter_look(struct watchdog *watchdog, uint32_t account, int64_t now_ns);

meter_look meter_mem; /* grades.c */
meter_look meter_rss;
meter_look meter_rss_growth;
meter_look meter_wall;
meter_look meter_cpu;
meter_look meter_watch;
meter_look meter_plugin;
meter_look meter_idle;

#endif
