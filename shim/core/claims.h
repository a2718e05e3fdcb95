/*
 * claims.h - places for children whose number the maker does not know in time.
 *
 * Owns:    slot.claim.
 * Called:  interpose_process, around a libc function that makes a process by
 *          itself; place, in that process.
 * Context: under the ledger's lock; async-signal-safe, vfork child, never
 *          allocates, leaves errno alone.
 * Fork:    nothing, because all state is in the ledger.
 *
 * posix_spawn's child may have loaded us before its parent knows its pid,
 * and system() never tells it. Such a child finds a place by its parent's
 * pid. When several threads create at once it may find another's, so the
 * offered places of one maker are interchangeable: each call owns one of its
 * kind, not a certain one. What stays equal is their number, and so
 * there is always one for a child that still looks: each of the others is in
 * one, or has died, or its call has not made it yet.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CLAIMS_H
#define RL_CORE_CLAIMS_H

#include "../contract/ledger_layout.h"
#include "sweep.h"

/*
 * The child's side: a place that `parent`, so numbered in that pid namespace, offers, reserved and ready to
 * be bound; else LEDGER_NONE, also where only a sweep can tell that whoever is in one has died. The second
 * tells whether there is any, without the lock.
 */
uint32_t claims_take(struct ledger *ledger, pid_t parent, uint64_t pid_namespace);
bool claims_are_offered(const struct ledger *ledger, pid_t parent, uint64_t pid_namespace);

/* A child that was made after since_ns (CLOCK_BOOTTIME) and has not been waited for. */
struct claims_child {
	pid_t pid;
	int64_t since_ns;
};

/*
 * The maker's side of CLAIM_ONCE: the place offered in `index` is that of
 * `child`, which may have taken another one. `parent` is the maker's own slot.
 * To be called again after the sweep that it may wish for.
 */
void claims_settle(struct ledger *ledger, uint32_t index, uint32_t parent, pid_t maker,
		   const struct claims_child *child, struct sweep *sweep);

/* The maker will never learn its child's pid: the place belongs to whoever takes it. */
void claims_let_go(struct ledger *ledger, uint32_t index, pid_t maker);

/*
 * The call is over and no child of it lives: it gives one place of its kind back, `index`
 * if that is possible. To be called again after the sweep that it may wish for.
 */
void claims_withdraw(struct ledger *ledger, uint32_t index, pid_t maker, enum slot_claim claim,
		     struct sweep *sweep);

#endif
