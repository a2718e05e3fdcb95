/*
 * slots.h - the processes of a tree, from their reservation to their death.
 *
 * Owns:    ledger->slot[].
 * Called:  interpose_process, interpose_thread and claims as processes and
 *          threads are made; startup, member and place at the start; lifecycle
 *          at the end; sweep for the dead; the tools; whoever asks who lives.
 * Context: under the ledger's lock unless said otherwise; async-signal-safe,
 *          vfork child, never allocates, leaves errno alone.
 * Fork:    the child's slot is reserved by the parent before the fork, so that
 *          the child itself needs nothing that could fail.
 *
 * A process's place is given back when it is dead, and a zombie is dead. That
 * is looked at only when it matters: at a limit, and when a peak would rise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_SLOTS_H
#define RL_CORE_SLOTS_H

#include "../contract/ledger_layout.h"
#include "sweep.h"

/*
 * Counts a process that is about to be created by the one in slot `parent`.
 * Return: its slot, or LEDGER_NONE when the limit or the table (then *full is
 * set) refuses it, or for a sweep before that is certain.
 */
uint32_t slots_reserve(struct ledger *ledger, uint32_t parent, struct sweep *sweep, bool *full);

/*
 * Counts a thread that is about to be created in the process of `index`;
 * forgets one; takes back one that the kernel then refused. Return: false when
 * the limit refuses it, or for a sweep before that is certain.
 */
bool slots_reserve_thread(struct ledger *ledger, uint32_t index, struct sweep *sweep);
void slots_end_thread(struct ledger *ledger, uint32_t index);
void slots_withdraw_thread(struct ledger *ledger, uint32_t index);

/* Opens a slot that no budget is asked for: the first process, or one that came unannounced. */
uint32_t slots_open(struct ledger *ledger, uint32_t account);

/*
 * The same for a child whose reservation was lost with its maker: in
 * `account`, the maker's, or what is left of it; under SCOPE=process with a
 * budget of its own.
 */
uint32_t slots_open_lost(struct ledger *ledger, uint32_t account);

/* Binds a slot to its process: done by the child and by the parent, whoever comes first. */
void slots_bind(struct ledger *ledger, uint32_t index, pid_t pid);

/* Binds the calling process, whose namespace may not be that of who reserved the slot. */
void slots_bind_self(struct ledger *ledger, uint32_t index);

/*
 * Notes the number by which the thread `maker` of the calling process knows its child in `index`, in case
 * that it is in another namespace and knows itself by another.
 */
void slots_note_outer(struct ledger *ledger, uint32_t index, pid_t maker, pid_t pid);

/* Before a process lets itself or its children into another pid namespace. */
void slots_expect_namespaces(struct ledger *ledger);

/*
 * Whether `index` was reserved by the thread `tid` and is still waiting for its process. By the thread,
 * because a slot that was lost to a sweep may have been reserved again by another thread of the same process.
 */
bool slots_is_reserved_by_thread(const struct ledger *ledger, uint32_t index, pid_t tid);

/* Whether `index` is in use and was reserved by that thread. */
bool slots_is_made_by(const struct ledger *ledger, uint32_t index, pid_t tid);

/* Whether there is a process in a slot, whose pid may then be read. Context: also without the lock. */
bool slots_is_bound(const struct slot *slot);

/* Whether there is one in `index`, and its budget is `account` or one below. Context: also without the lock.
 */
bool slots_is_member(const struct ledger *ledger, uint32_t index, uint32_t account);

/* The number that such a member has in a pid namespace; 0: none, or it is no member. Context: as before. */
pid_t slots_member_in(const struct ledger *ledger, uint32_t index, uint32_t account, uint64_t pid_namespace);

/* Whether `index` is bound to the process `pid`. */
bool slots_is_of(const struct ledger *ledger, uint32_t index, pid_t pid);

/*
 * The slot of the process that the caller knows by that number and that began
 * at began_ns (CLOCK_BOOTTIME) or later, or LEDGER_NONE: the number alone may be
 * that of an earlier process. Context: also without the lock.
 */
uint32_t slots_find(const struct ledger *ledger, pid_t pid, int64_t began_ns);

/* The same of a number as it is in another pid namespace. */
uint32_t slots_find_in(const struct ledger *ledger, uint64_t pid_namespace, pid_t pid, int64_t began_ns);

/*
 * How the maker of the calling process knows it, who lives in another pid namespace: there it has that
 * number, and the maker the other. Return: false if the maker is in the same one, or /proc does not tell.
 * Context: without the lock.
 */
struct slots_outer {
	pid_t pid, parent;
	uint64_t pid_namespace; /* as slots note it */
};
bool slots_find_outer(const struct ledger *ledger, struct slots_outer *outer);

/* A cell that no thread uses any more: it may be another's. Under the lock. */
void slots_free_cell(struct ledger *ledger, struct cell *cell);

/* Gives back what the process drew: its memory is gone. */
void slots_return_leases(struct ledger *ledger, uint32_t index);

/*
 * Notes that a process is about to die. It keeps what it drew until it is
 * dead: its other threads still run and still use their cells.
 */
void slots_leave(struct ledger *ledger, uint32_t index);

/*
 * Whether no process but that of `index` will use the ledger any more.
 * Context: without the lock; reads /proc.
 */
bool slots_is_last(const struct ledger *ledger, uint32_t index);

/* Makes a slot whose process is dead a reservation again; the same maker's. */
void slots_vacate(struct ledger *ledger, uint32_t index);

/* Ends a slot and counts its processor time as that of a dead process. */
void slots_close(struct ledger *ledger, uint32_t index);

/* Ends a slot whose process the kernel refused to make: there never was one. */
void slots_withdraw(struct ledger *ledger, uint32_t index);

/* The caller's pid namespace as slots note it: 0 for that of the first process. Context: also without the
 * lock. */
uint64_t slots_own_namespace(const struct ledger *ledger);

/*
 * That of who looks: the process in slot `self`, or with LEDGER_NONE the calling one. By it slots_pid_in()
 * tells which numbers mean something. Context: also without the lock.
 */
uint64_t slots_namespace_of(const struct ledger *ledger, uint32_t self);

/* How many slots are in use. Context: also without the lock. */
uint32_t slots_count(const struct ledger *ledger);

/* Whether the slot's process still runs. Context: also without the lock. */
bool slots_is_alive(const struct slot *slot);

/*
 * A slot seen from a pid namespace: whether its process, or the maker of a reservation, has a number there,
 * which that is (0 while reserved), and whether it still runs. Context: also without the lock.
 */
bool slots_is_visible(const struct slot *slot, uint64_t pid_namespace);
pid_t slots_pid_in(const struct slot *slot, uint64_t pid_namespace);
bool slots_is_alive_in(const struct slot *slot, uint64_t pid_namespace);

/*
 * Ends all slots of a pid namespace, and of those in it, whose first process, in slot `first`, is dead; but
 * none of a later one that has its number. Under the lock.
 */
void slots_close_namespace(struct ledger *ledger, uint32_t first);

/* Whether the slot's pid means its process also to the one in slot `self`, or with LEDGER_NONE to a
 * supervisor. */
bool slots_shares_pids(const struct ledger *ledger, uint32_t index, uint32_t self);

/* Whether its process lives and can be signalled from there by that number. Context: also without the lock.
 */
bool slots_is_reachable(const struct ledger *ledger, uint32_t index, uint32_t self);

#endif
