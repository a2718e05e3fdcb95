/*
 * ledger_users.h - lets another user open the ledger.
 *
 * Owns:    nothing; the file's access list is the kernel's.
 * Called:  interpose_identity, before a process changes its user.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing: what a child inherits stays true.
 *
 * A process that gives up its user keeps its mapping. What it executes must
 * open the file again, by its path: programs close all descriptors first.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEDGER_USERS_H
#define RL_CORE_LEDGER_USERS_H

#include <stdbool.h>

#include "../contract/ledger_layout.h"

/* Adds a user to the file's access list. Return: 0 or -errno; -EOPNOTSUPP where files have no lists. */
int ledger_admit_user(const struct ledger *ledger, uid_t user);

/* Whether the file behind a descriptor has an access list. */
bool ledger_has_users(int fd);

#endif
