/*
 * plugin_host.h - the process in which a plug-in lives.
 *
 * Owns:    the host process; the account's struct plugin, but for who notes its death.
 * Called:  startup, before main; lifecycle at the end of the tree.
 * Context: starting: the constructor, where nothing else runs; may fork and
 *          wait. The host itself: a child of libc's fork, may do anything.
 * Fork:    nothing: the host belongs to the account, not to a process.
 *
 * The timer thread has no libc, so it can run nobody's code; and whoever
 * shares the program's memory could harm it. So the plug-in gets a process.
 * The program must not find it: it is nobody's child (the middle one of a
 * double fork is waited for here), raises no SIGCHLD, holds none of the
 * program's descriptors, has a session of its own, and no slot in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_PLUGIN_HOST_H
#define RL_PRELOAD_PLUGIN_HOST_H

#include "contract/ledger_layout.h"
#include "core/config.h"
#include "core/fmt.h"

/*
 * Loads and initialises the plug-in of `config` for the process's account of
 * these settings, unless that has it already: from before an exec, from its
 * parent. Return: 0, or -EINVAL with the reason in `why`.
 */
int plugin_host_start(struct ledger *ledger, uint32_t slot, const struct config *config, struct fmt *why);

/* Tells the hosts of all accounts that the last process of the tree is about to end. Async-signal-safe. */
void plugin_host_expect_end(struct ledger *ledger);

#endif
