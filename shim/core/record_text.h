/*
 * record_text.h - the wording of the status record.
 *
 * Owns:    nothing.
 * Called:  record; callback and top for names; the supervisor for its exit status.
 * Context: under the ledger's lock; async-signal-safe, never allocates, leaves
 *          errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RECORD_TEXT_H
#define RL_CORE_RECORD_TEXT_H

#include "fmt.h"
#include "record.h"

/* Writes one JSON object and a newline, at most RECORD_MAX bytes. */
void record_text(struct fmt *f, struct ledger *ledger, uint32_t account, const struct record_ending *ending,
		 const char *heap_coverage);

/* The limit, or custom:NAME, whose steps have begun, or NULL. Context: also without the lock. */
const char *record_cause_name(const struct account *account);

/* The limits' names in records, by enum limit_id. */
extern const char *const RECORD_LIMIT_KEYS[];

/* Where the breach that ended an account stands: with its own limit, or with one further out. */
const struct account *record_cause(const struct ledger *ledger, uint32_t account);

/* The verdict's word, and whether it is certain. */
const char *record_verdict(const struct ledger *ledger, uint32_t account, const struct record_ending *ending,
			   bool *certain);

#endif
