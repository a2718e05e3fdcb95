/*
 * budget.c - charges and returns an amount of bytes; see budget.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "budget.h"

#include <stdatomic.h>

#include "core/grades.h"
#include "timer_thread.h"

/* A charge under the lock may have begun a spike above MEM, whose time somebody must see to. */
static int with_spikes_watched(int error)
{
	int64_t due_ns;

	if (error)
		return error;
	due_ns = grades_due_ns(member.ledger, member.ledger->slot[member.slot].account);
	if (due_ns != INT64_MAX && !member_is_borrowed())
		timer_thread_expect(due_ns);
	return 0;
}

int budget_settle_charge(struct cell *cell, int64_t n)
{
	return with_spikes_watched(cells_settle_charge(member.ledger, member.slot, cell, n));
}

int budget_prepare(struct cell *cell, int64_t n)
{
	return cells_prepare(member.ledger, member.slot, cell, n);
}

void budget_refund(size_t size)
{
	struct cell *cell;

	if (member.phase == PHASE_BOOT)
		atomic_fetch_sub_explicit(&member.boot_bytes, (int64_t)size, memory_order_relaxed);
	if (!member_is_guarded())
		return;
	cell = member_cell();
	if (!cell)
		cells_refund_direct(member.ledger, member.slot, (int64_t)size);
	else if (!cell_refund(cell, (int64_t)size))
		cells_settle_refund(member.ledger, member.slot, cell);
}

int budget_charge(int64_t n)
{
	struct cell *cell;

	if (member.phase == PHASE_BOOT)
		atomic_fetch_add_explicit(&member.boot_bytes, n, memory_order_relaxed);
	if (!member_is_guarded())
		return 0;
	cell = member_cell();
	if (!cell)
		return with_spikes_watched(cells_charge_direct(member.ledger, member.slot, n));
	if (!cell_covers(cell, (size_t)n))
		return with_spikes_watched(cells_charge_short(member.ledger, member.slot, cell, n));
	return cell_charge(cell, n) ? 0 : budget_settle_charge(cell, n);
}

int budget_take_off(int64_t n)
{
	struct cell *cell = member_is_guarded() ? member_cell() : NULL;
	int error;

	if (cell)
		cell_take_off(cell, n);
	error = budget_charge(n);
	if (error)
		budget_land(n);
	return error;
}

void budget_land(int64_t n)
{
	if (member_is_guarded() && thread_self.cell)
		cell_land(thread_self.cell, n);
}

void budget_return_unused(int64_t n)
{
	struct cell *cell = thread_self.cell;

	if (!cell)
		budget_refund((size_t)n);
	else if (!cell_return_unused(cell, n) && member_is_guarded())
		cells_settle_refund(member.ledger, member.slot, cell);
}
