/*
 * time_namespace.h - one time for all processes of a tree, whatever time namespaces they live in.
 *
 * Owns:    raw_clock_shift; the ledger's home_clock_ns and has_time_namespaces.
 * Called:  interpose_identity before a call that may make or enter one, and after; startup, the supervisor
 *          and forkguard once a process is where it will be.
 * Context: a thread that is alone in its process, but for those that are about to leave a namespace;
 *          async-signal-safe, never allocates, leaves errno alone.
 * Fork:    the child calls time_namespace_enter(): it may begin in another one than its maker.
 *
 * A time namespace adds a number to CLOCK_MONOTONIC and CLOCK_BOOTTIME, and to the times at which /proc says
 * that processes began. Times in the ledger are those of the namespace in which the tree began;
 * raw_clock_ns() gives no others, and who hands such a time to the kernel adds the shift again. As long as
 * nobody of the tree has asked for another namespace there is nothing to read.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_TIME_NAMESPACE_H
#define RL_CORE_TIME_NAMESPACE_H

#include "../contract/ledger_layout.h"

/* Notes what the present namespace adds, if this is the first that may leave it. */
void time_namespace_expect(struct ledger *ledger);

/* Finds out what the clocks of this process differ by from the tree's. */
void time_namespace_enter(const struct ledger *ledger);

#endif
