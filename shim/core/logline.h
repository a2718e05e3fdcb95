/*
 * logline.h - one line per event, for people who look into a run.
 *
 * Owns:    nothing; the descriptor or file of RESLIMIT_LOG is opened per line.
 * Called:  startup, denial, breach, stops, watchdog, record; stacks for its
 *          text; the supervisor.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LOGLINE_H
#define RL_CORE_LOGLINE_H

#include "../contract/ledger_layout.h"
#include <stddef.h>

/* Notes which file a descriptor is, so that no line goes to another that takes its number later. */
void logline_hold(struct account *account);

/* Writes a text of many lines where the account says, or less of it if a reader does not read. */
void logline_text(const struct account *account, const char *text, size_t len);

/* Writes "reslimit[PID] 1234us EVENT DETAIL NUMBER" where the account says; nothing if it says nowhere. */
void logline(const struct account *account, const char *event, const char *detail, int64_t number);

#endif
