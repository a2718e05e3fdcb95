/*
 * interpose_identity.h - namespaces in which the ledger has no name, or processes have other numbers.
 *
 * Owns:    nothing.
 * Called:  interpose_clone, before a child is made in them.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_INTERPOSE_IDENTITY_H
#define RL_PRELOAD_INTERPOSE_IDENTITY_H

/* What the flags of a clone() or unshare() ask for before: a descriptor of the ledger, numbers told apart. */
void identity_expect_namespaces(int flags);

#endif
