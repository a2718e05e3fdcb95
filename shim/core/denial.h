/*
 * denial.h - a call was refused: counted, described once, escalated.
 *
 * Owns:    the accounts' denied, series and first_denial members.
 * Called:  member, for the hooks, right after a refusal.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          takes the ledger's lock.
 * Fork:    nothing, because all state is in the ledger.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_DENIAL_H
#define RL_CORE_DENIAL_H

#include "../contract/ledger_layout.h"

struct denial {
	enum limit_id limit;  /* RL_MEM for bytes, whichever of their limits it was */
	const char *call;     /* the function's name */
	int64_t amount;	      /* bytes asked for, or 0 */
	const char *site;     /* file+0xoffset, or NULL */
	const char *build_id; /* hexadecimal digits, or NULL */
};

/* Whether the account still lacks the description of its first refusal. */
bool denial_wants_site(const struct ledger *ledger, uint32_t slot);

/* What follows a refusal. */
struct denial_outcome {
	bool is_due;	   /* a limit's steps have begun, so a watchdog must look */
	uint32_t account;  /* whose they are */
	uint32_t call_for; /* the account whose callback the caller is to run, or LEDGER_NONE */
};

/*
 * Notes a refusal in every account that it concerns. A first step `call` is
 * left to the caller if its process has a callback and `may_call`.
 */
struct denial_outcome denial_note(struct ledger *ledger, uint32_t slot, const struct denial *denial,
				  bool may_call);

/* Notes that `call` failed with `error` though no budget refused it: ENOMEM or EAGAIN. */
void denial_note_kernel(struct ledger *ledger, uint32_t slot, const char *call, int error);

#endif
