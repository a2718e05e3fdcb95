/*
 * plugin_loop.h - what the host of a plug-in does: load, initialise, check at each tick.
 *
 * Owns:    nothing beyond the host process.
 * Called:  plugin_host, in the new process.
 * Context: the only thread of a process that the program does not know; may
 *          do anything; does not return.
 * Fork:    nothing, because it is the product of one and forks no more.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_PLUGIN_LOOP_H
#define RL_PRELOAD_PLUGIN_LOOP_H

#include "contract/ledger_layout.h"
#include "core/attrs.h"
#include "core/fmt.h"

#define PLUGIN_INIT_NS 10000000000LL

/* Bits of struct plugin's word; the rest counts. */
enum { PLUGIN_TREE_ENDS = 1, PLUGIN_NEWS = 2 };

struct plugin_job {
	struct ledger *ledger;
	uint32_t account;
	const char *library, *argument;
	struct fmt why; /* what went wrong before it ran */
};

RL_NORETURN void plugin_loop_run(struct plugin_job *job);

#endif
