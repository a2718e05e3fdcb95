/*
 * slots.c - the processes of a tree; see slots.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "slots.h"

#include <stdatomic.h>

#include "accounts.h"
#include "cells.h"
#include "ledger_file.h"
#include "procfs.h"
#include "progress.h"
#include "rawsys.h"
#include "vacancy.h"

static uint32_t state_of(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed);
}

static pid_t pid_of(const struct slot *s)
{
	return atomic_load_explicit(&s->pid, memory_order_relaxed);
}

static uint32_t find_free(struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = atomic_load_explicit(&ledger->slots_full_to, memory_order_relaxed); i < end; i++)
		if (state_of(&ledger->slot[i]) == SLOT_FREE)
			return i;
	if (end == LEDGER_SLOTS || (end && ledger_grow(&ledger->slot[end], sizeof(ledger->slot[end]))))
		return LEDGER_NONE;
	atomic_store_explicit(&ledger->slots_end, end + 1, memory_order_relaxed);
	return end;
}

static void note_change(struct ledger *ledger)
{
	atomic_fetch_add_explicit(&ledger->slots_changed, 1, memory_order_release);
}

/* Others look at its state without the lock all the while, so each word is stored whole. */
static void clear(struct slot *s)
{
	typedef _Atomic uint64_t __attribute__((may_alias)) word;
	word *words = (word *)s;

	for (size_t i = 0; i < sizeof(*s) / sizeof(*words); i++)
		atomic_store_explicit(&words[i], 0, memory_order_relaxed);
}

uint32_t slots_open(struct ledger *ledger, uint32_t account)
{
	uint32_t index = find_free(ledger);
	struct slot *s;

	if (index == LEDGER_NONE)
		return LEDGER_NONE;
	s = &ledger->slot[index];
	clear(s);
	note_change(ledger);
	s->creator = raw_getpid();
	s->creator_tid = raw_gettid();
	s->born_ns = raw_clock_ns(CLOCK_BOOTTIME);
	s->account = account;
	atomic_store_explicit(&s->state, SLOT_RESERVED, memory_order_release);
	atomic_store_explicit(&ledger->slots_full_to, index + 1, memory_order_relaxed);
	accounts_add_procs(ledger, account, 1);
	return index;
}

/* Another process's own account that is like `lost`, which may be closed; `lost` itself if it still is what
 * it was. */
static uint32_t find_model(const struct ledger *ledger, uint32_t lost, uint32_t tree)
{
	uint32_t end = atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed);

	for (uint32_t i = 0; i <= end; i++) {
		const struct account *a = &ledger->account[i ? i - 1 : lost];

		if (a->part == ACCOUNT_PROCESS && a->parent == tree &&
		    a->config_hash == ledger->account[tree].config_hash)
			return (uint32_t)(a - ledger->account);
	}
	return LEDGER_NONE;
}

/* Under SCOPE=process a child has the budgets of `model` for itself. It was counted in `from`. */
static bool open_own_account(struct ledger *ledger, uint32_t index, uint32_t model, uint32_t from)
{
	_Atomic uint32_t *in_use = &ledger->account[model].in_use;
	uint32_t was = atomic_load_explicit(in_use, memory_order_relaxed);
	uint32_t own;

	/* A model that is closed must not be overwritten by its copy. */
	atomic_store_explicit(in_use, 1, memory_order_relaxed);
	own = accounts_open_sibling(ledger, model, index);
	atomic_store_explicit(in_use, was, memory_order_relaxed);
	if (own == LEDGER_NONE)
		return false;
	accounts_move_proc(ledger, from, own);
	ledger->slot[index].account = own;
	return true;
}

uint32_t slots_open_lost(struct ledger *ledger, uint32_t account)
{
	uint32_t lost = account, model, index;

	while (!atomic_load_explicit(&ledger->account[account].in_use, memory_order_relaxed) &&
	       ledger->account[account].parent != LEDGER_NONE)
		account = ledger->account[account].parent;
	index = slots_open(ledger, account);
	if (index == LEDGER_NONE || ledger->account[lost].scope != RL_SCOPE_PROCESS)
		return index;
	model = ledger->account[account].part == ACCOUNT_PROCESS ? account
								 : find_model(ledger, lost, account);
	/* Without room for one of its own it shares one, which is better than to have none. */
	if (model != LEDGER_NONE)
		open_own_account(ledger, index, model, account);
	return index;
}

/*
 * What a step owes a child that is made by a process which the step's signal has
 * not reached yet: the look at the table may be past its place already. Once the
 * signal was sent to its maker, the kernel lets no fork pass it.
 */
static uint16_t signal_on_its_way(const struct ledger *ledger, const struct slot *parent)
{
	uint16_t owed = atomic_load_explicit(&parent->owed_signal, memory_order_seq_cst);

	if (owed)
		return owed;
	FOR_EACH_ACCOUNT_UP(ledger, parent->account, a)
	{
		uint32_t sending = atomic_load_explicit(&a->sending, memory_order_acquire);

		if (sending && raw_clock_ns(CLOCK_MONOTONIC) < a->sending_until_ns)
			return (uint16_t)sending;
	}
	return 0;
}

/* Whether there is room for one more; if a sweep could tell better, it is wished for and the answer is no. */
static bool has_place(struct ledger *ledger, uint32_t account, enum limit_id id, struct sweep *sweep)
{
	if (accounts_are_at_peak(ledger, account, id) && sweep_is_due_at_peak(ledger) &&
	    sweep_wish(ledger, sweep, SWEEP_QUICK))
		return false;
	if (accounts_have_room(ledger, account, id))
		return true;
	sweep_wish(ledger, sweep, SWEEP_ALL);
	return false;
}

uint32_t slots_reserve(struct ledger *ledger, uint32_t parent, struct sweep *sweep, bool *full)
{
	struct slot *p = &ledger->slot[parent];
	uint32_t index;

	*full = false;
	if (accounts_are_at_peak(ledger, p->account, RL_PROCS))
		sweep_last_child(ledger, parent);
	if (!has_place(ledger, p->account, RL_PROCS, sweep))
		return LEDGER_NONE;
	index = slots_open(ledger, p->account);
	if (index == LEDGER_NONE) {
		*full = !sweep_wish(ledger, sweep, SWEEP_ALL);
		return LEDGER_NONE;
	}
	p->last_child = index + 1;
	ledger->slot[index].pid_namespace = p->pid_namespace;
	atomic_store_explicit(&ledger->slot[index].leash_bans,
			      atomic_load_explicit(&p->leash_bans, memory_order_relaxed),
			      memory_order_relaxed);
	atomic_store_explicit(&ledger->slot[index].owed_signal, signal_on_its_way(ledger, p),
			      memory_order_seq_cst);
	if (ledger->account[p->account].scope == RL_SCOPE_PROCESS &&
	    !open_own_account(ledger, index, p->account, p->account)) {
		/* The dead have accounts of their own, too. */
		*full = !sweep_wish(ledger, sweep, SWEEP_ALL);
		slots_withdraw(ledger, index);
		return LEDGER_NONE;
	}
	return index;
}

bool slots_reserve_thread(struct ledger *ledger, uint32_t index, struct sweep *sweep)
{
	struct slot *s = &ledger->slot[index];

	if (accounts_are_at_peak(ledger, s->account, RL_THREADS))
		vacancy_give_back_places(ledger);
	vacancy_settle(ledger, index);
	if (!has_place(ledger, s->account, RL_THREADS, sweep))
		return false;
	s->threads++;
	accounts_add_threads(ledger, s->account, 1);
	return true;
}

void slots_end_thread(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	s->threads--;
	accounts_add_threads(ledger, s->account, -1);
}

void slots_withdraw_thread(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	s->threads--;
	accounts_withdraw_thread(ledger, s->account);
}

void slots_bind(struct ledger *ledger, uint32_t index, pid_t pid)
{
	struct slot *s = &ledger->slot[index];
	struct account *a = account_at(ledger, s->account);

	if (state_of(s) != SLOT_RESERVED)
		return;
	s->born_ns = raw_clock_by_call_ns(CLOCK_BOOTTIME);
	atomic_store_explicit(&s->pid, pid, memory_order_relaxed);
	if (a && a->root == index)
		a->root_pid = pid;
	atomic_store_explicit(&s->state, SLOT_LIVE, memory_order_release);
}

void slots_bind_self(struct ledger *ledger, uint32_t index)
{
	uint64_t own = slots_own_namespace(ledger);

	if (own != ledger->slot[index].pid_namespace) {
		struct slot *s = &ledger->slot[index];

		/* The creator may have bound it already, to the number that the creator knows. */
		s->outer_namespace = s->pid_namespace;
		atomic_store_explicit(&s->outer_pid, pid_of(s), memory_order_relaxed);
		s->pid_namespace = own;
		atomic_store_explicit(&s->state, SLOT_RESERVED, memory_order_relaxed);
		atomic_fetch_or_explicit(&ledger->degraded, LEDGER_NAMESPACE, memory_order_relaxed);
	}
	slots_bind(ledger, index, raw_getpid());
}

bool slots_is_reserved_by_thread(const struct ledger *ledger, uint32_t index, pid_t tid)
{
	const struct slot *s = &ledger->slot[index];

	return state_of(s) == SLOT_RESERVED && s->creator_tid == tid;
}

bool slots_is_made_by(const struct ledger *ledger, uint32_t index, pid_t tid)
{
	const struct slot *s = &ledger->slot[index];

	return state_of(s) != SLOT_FREE && s->creator_tid == tid;
}

bool slots_is_of(const struct ledger *ledger, uint32_t index, pid_t pid)
{
	const struct slot *s = &ledger->slot[index];

	return slots_is_bound(s) && pid_of(s) == pid;
}

void slots_free_cell(struct ledger *ledger, struct cell *cell)
{
	uint32_t index = (uint32_t)(ledger_cell(ledger, 0) - cell);

	if (index < atomic_load_explicit(&ledger->cells_full_to, memory_order_relaxed))
		atomic_store_explicit(&ledger->cells_full_to, index, memory_order_relaxed);
	atomic_store_explicit(&cell->slot, 0, memory_order_release);
}

static void free_cells(struct ledger *ledger, uint32_t index)
{
	uint32_t end = atomic_load_explicit(&ledger->cells_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&ledger_cell(ledger, i)->slot, memory_order_relaxed) == index + 1)
			slots_free_cell(ledger, ledger_cell(ledger, i));
}

void slots_return_leases(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	cells_note_last_peak(ledger, index);
	accounts_lease(ledger, s->account, -(s->leased - s->taken));
	accounts_add_threads(ledger, s->account, -vacancy_counted_threads(s));
	atomic_store_explicit(&s->vacant, 0, memory_order_relaxed);
	s->leased = s->taken = s->surplus = s->threads = 0;
	free_cells(ledger, index);
}

void slots_leave(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	if (state_of(s) != SLOT_LIVE)
		return;
	s->cpu_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	atomic_store_explicit(&s->state, SLOT_LEAVING, memory_order_relaxed);
	atomic_store_explicit(&ledger->leaving, 1, memory_order_relaxed);
}

static void forget_process(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	slots_return_leases(ledger, index);
	FOR_EACH_ACCOUNT_UP(ledger, s->account, a)
	{
		progress_note(a, atomic_load_explicit(&s->progress_ns, memory_order_relaxed));
		a->cpu_dead_ns += s->cpu_ns > s->cpu_base_ns ? s->cpu_ns - s->cpu_base_ns : 0;
		/* Or the next process in this slot would pass for the account's first. */
		if (a->root == index)
			a->root = LEDGER_NONE;
	}
	s->cpu_ns = s->cpu_base_ns = 0;
	atomic_store_explicit(&s->progress_ns, 0, memory_order_relaxed);
	atomic_store_explicit(&s->executed, 0, memory_order_relaxed);
}

void slots_vacate(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	forget_process(ledger, index);
	note_change(ledger);
	atomic_store_explicit(&s->end_told, 0, memory_order_relaxed);
	atomic_store_explicit(&s->state, SLOT_RESERVED, memory_order_release);
	atomic_store_explicit(&s->pid, 0, memory_order_relaxed);
}

void slots_close(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];
	uint32_t account = s->account;

	if (state_of(s) == SLOT_FREE)
		return;
	forget_process(ledger, index);
	note_change(ledger);
	accounts_add_procs(ledger, account, -1);
	if (index < atomic_load_explicit(&ledger->slots_full_to, memory_order_relaxed))
		atomic_store_explicit(&ledger->slots_full_to, index, memory_order_relaxed);
	atomic_store_explicit(&s->state, SLOT_FREE, memory_order_release);
	accounts_close_unused(ledger, account);
}

void slots_withdraw(struct ledger *ledger, uint32_t index)
{
	if (state_of(&ledger->slot[index]) == SLOT_FREE)
		return;
	accounts_forget_proc(ledger, ledger->slot[index].account);
	slots_close(ledger, index);
}

uint32_t slots_count(const struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint32_t count = 0;

	for (uint32_t i = 0; i < end; i++)
		count += state_of(&ledger->slot[i]) != SLOT_FREE;
	return count;
}
