/*
 * place.c - where a program that starts in a tree has its slot; see place.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "place.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "core/claims.h"
#include "core/ledger_lock.h"
#include "core/procfs.h"
#include "core/rawsys.h"
#include "core/slots.h"

/*
 * When this process and its parent began, CLOCK_BOOTTIME: what /proc tells, which nobody asks under the lock,
 * and most starts need not ask at all.
 */
struct began {
	bool known;
	int64_t self_ns, parent_ns;
};

/* By which numbers this process and its parent are known, in whose pid namespace. */
struct kin {
	uint64_t own_namespace;
	bool is_outside; /* the parent: its namespace is another */
	struct slots_outer maker;
};

static struct kin find_kin(const struct ledger *ledger)
{
	struct kin kin = {.own_namespace = slots_own_namespace(ledger)};

	kin.is_outside = slots_find_outer(ledger, &kin.maker);
	if (!kin.is_outside)
		kin.maker = (struct slots_outer){raw_getpid(), raw_getppid(), kin.own_namespace};
	return kin;
}

/* Where the parent is outside so is /proc, which knows us by the number from there. */
static struct began find_began(const struct kin *kin)
{
	return (struct began){true, procfs_began_ns(kin->maker.pid), procfs_began_ns(kin->maker.parent)};
}

/*
 * Who was bound a moment ago is not somebody else of the same number, which
 * the kernel gives again only after all others; and most processes look when
 * they execute, a moment after they were forked.
 */
enum { NUMBER_RESTS_NS = 10000000 };

static uint32_t find_own_place(struct ledger *ledger, const struct kin *kin, const struct began *began)
{
	int64_t since_ns = began->known ? began->self_ns : raw_clock_ns(CLOCK_BOOTTIME) - NUMBER_RESTS_NS;
	uint32_t slot = slots_find_in(ledger, kin->own_namespace, raw_getpid(), since_ns);

	/* Its maker, outside, was quicker. */
	if (slot == LEDGER_NONE && kin->is_outside) {
		slot = slots_find_in(ledger, kin->maker.pid_namespace, kin->maker.pid, since_ns);
		if (slot != LEDGER_NONE)
			slots_bind_self(ledger, slot);
	}
	if (slot == LEDGER_NONE)
		return LEDGER_NONE;
	ledger->slot[slot].exec_ns = 0;
	atomic_store_explicit(&ledger->slot[slot].executed, 0, memory_order_relaxed);
	slots_return_leases(ledger, slot);
	/* The handler is gone with the program before the exec. */
	atomic_store_explicit(&ledger->slot[slot].call_signal, 0, memory_order_relaxed);
	return slot;
}

/* One that its parent reserved, or a new one. Return: LEDGER_NONE if the times are needed, or there is no
 * room. */
static uint32_t take_place(struct ledger *ledger, const struct kin *kin, const struct began *began)
{
	const struct slots_outer *maker = &kin->maker;
	uint32_t slot = claims_take(ledger, maker->parent, maker->pid_namespace);
	uint32_t parent;

	if (slot == LEDGER_NONE && began->known) {
		parent = slots_find_in(ledger, maker->pid_namespace, maker->parent, began->parent_ns);
		slot = slots_open_lost(ledger, parent == LEDGER_NONE ? 0 : ledger->slot[parent].account);
		atomic_fetch_or_explicit(&ledger->degraded, LEDGER_UNRESERVED, memory_order_relaxed);
	}
	if (slot == LEDGER_NONE)
		return LEDGER_NONE;
	/* By which the maker will look for it. */
	if (kin->is_outside && ledger->slot[slot].pid_namespace == maker->pid_namespace)
		slots_bind(ledger, slot, maker->pid);
	slots_bind_self(ledger, slot);
	return slot;
}

/* Whether it, or an older process of the same number, has a slot. */
static bool is_known(const struct ledger *ledger, const struct kin *kin)
{
	return slots_find_in(ledger, kin->own_namespace, raw_getpid(), 0) != LEDGER_NONE ||
	       (kin->is_outside &&
		slots_find_in(ledger, kin->maker.pid_namespace, kin->maker.pid, 0) != LEDGER_NONE);
}

/* The slot of this process: its own from before exec, or another. Return: as take_place(). */
static uint32_t find_place(struct ledger *ledger, const struct kin *kin, const struct began *began)
{
	uint32_t slot;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	slot = find_own_place(ledger, kin, began);
	/* An old one of the same number may be its own, and then it is to have no other. */
	if (slot == LEDGER_NONE && (began->known || !is_known(ledger, kin)))
		slot = take_place(ledger, kin, began);
	ledger_unlock(ledger, &mask);
	return slot;
}

uint32_t place_find(struct ledger *ledger)
{
	struct began began = {.known = false};
	struct kin kin = find_kin(ledger);
	uint32_t slot = find_place(ledger, &kin, &began);

	if (slot != LEDGER_NONE)
		return slot;
	began = find_began(&kin);
	/* In a place that is offered somebody may have died. */
	if (claims_are_offered(ledger, kin.maker.parent, kin.maker.pid_namespace))
		sweep_dead(ledger, SWEEP_ALL);
	do {
		slot = find_place(ledger, &kin, &began);
	} while (slot == LEDGER_NONE && sweep_dead(ledger, SWEEP_ALL));
	return slot;
}
