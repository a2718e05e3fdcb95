/*
 * callsite.h - an address in the program as file+0xoffset and build id.
 *
 * Owns:    one static buffer, used by one thread at a time.
 * Called:  member_note_denial, for the first refusal of an account.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone;
 *          takes no lock: who finds the buffer busy goes without.
 * Fork:    nothing: a child forked in the middle goes without, too.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_CALLSITE_H
#define RL_PRELOAD_CALLSITE_H

#include <stdbool.h>

struct callsite {
	char module_offset[128];
	char build_id[48];
};

/* Return: false if the address lies in no file or nobody can tell. */
bool callsite_describe(const void *address, struct callsite *site);

#endif
