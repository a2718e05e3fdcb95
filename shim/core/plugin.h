/*
 * plugin.h - what the plug-in's host and the watchdogs agree on.
 *
 * Owns:    nothing; the account holds a struct plugin.
 * Called:  meter_plugin in every watchdog; preload/plugin_loop in the host;
 *          the supervisor.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PLUGIN_H
#define RL_CORE_PLUGIN_H

#include "../contract/ledger_layout.h"

enum {
	PLUGIN_TICKS = 10, /* of patience with one call; and at least: */
	PLUGIN_PATIENCE_NS = 1000000000,
	PLUGIN_LEAST_TICK_NS = 1000000,
	PLUGIN_LOOK_AFTER_NS = 2000000, /* that a check usually needs no longer than */
};

/* How long one call of the plug-in's code may take, in ns, at that interval. */
int64_t plugin_patience_ns(int64_t tick_ns);

/*
 * Whether `pid` is the host of a plug-in of this ledger: for a supervisor, whose
 * child it is if that is a subreaper, and who must not take it for one of the tree.
 */
bool plugin_is_host(const struct ledger *ledger, pid_t pid);

#endif
