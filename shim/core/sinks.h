/*
 * sinks.h - where records and log lines go: found out at the start, not at the end.
 *
 * Owns:    nothing.
 * Called:  startup, the supervisor.
 * Context: one thread, before a budget begins; async-signal-safe, never
 *          allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SINKS_H
#define RL_CORE_SINKS_H

#include "../contract/ledger_layout.h"
#include "config.h"

/* The absolute paths; must live as long as the config. */
struct sinks {
	char status_file[LEDGER_PATH];
	char trace[LEDGER_PATH];
	char log[LEDGER_NAME];
	char stacks[LEDGER_PATH];
};

/*
 * Makes paths absolute, because they mean what they meant at the start,
 * wherever the program goes, and checks that each place can be written.
 * Return: 0, or -EINVAL with "NAME=value: reason; remedy" in `why`.
 */
int sinks_check(struct config *config, struct sinks *sinks, struct fmt *why);

/* Whether a descriptor can be written; `name` is "NAME=". Return: 0, or -EINVAL with a line in `why`. */
int sinks_check_descriptor(int64_t fd, const char *name, struct fmt *why);

#endif
