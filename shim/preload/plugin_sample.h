/*
 * plugin_sample.h - the tree in numbers, for a plug-in.
 *
 * Owns:    nothing.
 * Called:  plugin_loop.
 * Context: the plug-in's host; takes the ledger's lock.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_PLUGIN_SAMPLE_H
#define RL_PRELOAD_PLUGIN_SAMPLE_H

#include "api/reslimit.h"
#include "contract/ledger_layout.h"

void plugin_sample_take(struct ledger *ledger, uint32_t account, struct reslimit_sample *sample);

#endif
