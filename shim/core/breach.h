/*
 * breach.h - a limit's steps: the first breach wins, signals follow, KILL ends.
 *
 * Owns:    the accounts' breach and step members.
 * Called:  denial (claims), watchdog (claims and carries out); who makes a
 *          process or a thread, whether it still may; backstop for the delays.
 * Context: async-signal-safe, never allocates, leaves errno alone. Claiming is
 *          done under the ledger's lock; carrying out takes it and may not
 *          return (KILL).
 * Fork:    nothing, because all state is in the ledger.
 *
 * The cause stands in the ledger before the first signal is sent, so that no
 * verdict is lost, whoever dies first. Every watchdog of the tree wakes for
 * every step; who takes the lock first carries it out.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_BREACH_H
#define RL_CORE_BREACH_H

#include "../contract/ledger_layout.h"

/* Makes `limit` the verdict, its first signal due at once. Return: false if another was first. */
bool breach_claim(struct ledger *ledger, uint32_t account, enum limit_id limit, int64_t now_ns);

/*
 * Takes the step that is due if that is a callback, for a caller that runs it
 * itself: the thread whose call was refused. Under the lock. Return: whether it is.
 */
bool breach_take_call(struct ledger *ledger, uint32_t account, int64_t now_ns);

/*
 * Carries out the account's next step if it is due, on every member. `self`
 * is the caller's slot, or LEDGER_NONE for one outside the tree.
 */
void breach_carry_out(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns);

/* Whether the account or one above it is being killed: nothing new may start. */
bool breach_is_killing(const struct ledger *ledger, uint32_t account);

/* From a limit to the last step of its list; below 0: the list does not end with KILL. */
int64_t breach_delays_ns(const struct account *account, enum limit_id limit);

#endif
