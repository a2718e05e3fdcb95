/*
 * accounts.c - budgets as a tree; see accounts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "accounts.h"

#include <stdatomic.h>
#include <string.h>

#include "attrs.h"
#include "grades.h"
#include "ledger_file.h"
#include "progress.h"
#include "rawsys.h"
#include "resident.h"

static uint32_t find_unused(const struct ledger *ledger, uint32_t end)
{
	for (uint32_t i = 0; i < end; i++)
		if (!atomic_load_explicit(&ledger->account[i].in_use, memory_order_relaxed))
			return i;
	return LEDGER_NONE;
}

/*
 * Looks no further than accounts that were used once: the rest of the file has no pages yet. Where there is
 * no room for more, those that were abandoned are free, but for `kept`.
 */
static uint32_t find_free(struct ledger *ledger, uint32_t kept)
{
	uint32_t end = atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed);
	uint32_t unused = find_unused(ledger, end);

	if (unused != LEDGER_NONE)
		return unused;
	if (end == LEDGER_ACCOUNTS ||
	    (end && ledger_page_in(&ledger->account[end], sizeof(ledger->account[end])))) {
		accounts_close_abandoned(ledger, kept);
		return find_unused(ledger, end);
	}
	atomic_store_explicit(&ledger->accounts_end, end + 1, memory_order_relaxed);
	return end;
}

/*
 * Takes a free entry other than `kept`, with nothing in it and no clock running.
 * Return: NULL when the table is full.
 */
static struct account *take_free(struct ledger *ledger, uint32_t root, uint32_t kept)
{
	uint32_t index = find_free(ledger, kept);
	struct account *a = account_at(ledger, index);

	if (!a)
		return NULL;
	memset(a, 0, sizeof(*a));
	a->root = root;
	a->own_part = index;
	a->next_step_ns = INT64_MAX;
	return a;
}

/* From here on it counts. Return: its index. */
static uint32_t enter(struct account *a)
{
	atomic_store_explicit(&a->in_use, 1, memory_order_relaxed);
	return a->own_part;
}

static void copy_text(char *to, size_t size, const char *text)
{
	if (text)
		strncpy(to, text, size - 1);
}

/* A nested budget that only inherited the variable would write each line of its own twice. */
static void copy_trace(struct account *a, const struct account *above, const char *path)
{
	if (path && (!above || strcmp(above->trace, path) != 0))
		copy_text(a->trace, sizeof(a->trace), path);
}

uint32_t accounts_open(struct ledger *ledger, uint32_t parent, uint32_t root, const struct config *config,
		       enum account_part part)
{
	struct account *a = take_free(ledger, root, parent);

	if (!a)
		return LEDGER_NONE;
	a->parent = parent;
	if (root != LEDGER_NONE)
		a->root_pid = atomic_load_explicit(&ledger->slot[root].pid, memory_order_relaxed);
	a->config_hash = config->hash;
	a->part = config->root ? ACCOUNT_RUNNER : part;
	a->scope = config->root ? RL_SCOPE_TREE : (uint32_t)config->scope;
	a->skip_blocked = (uint32_t)config->skip_blocked;
	a->idle_output = (uint32_t)config->idle_output;
	a->stopped_max_ns = config->stopped_ns;
	for (int i = 0; i < RL_LIMIT_COUNT; i++) {
		bool here = part == ACCOUNT_WHOLE || (part == ACCOUNT_TREE) == limit_is_always_tree(i);

		a->limit[i] = here && !config->root ? config->limit[i] : RL_UNLIMITED;
		a->action[i] = config->action[i];
	}
	a->status_fd = part == ACCOUNT_PROCESS ? -1 : (int32_t)config->status_fd;
	a->watch = config->watch;
	copy_text(a->name, sizeof(a->name), config->name);
	copy_text(a->log, sizeof(a->log), config->log);
	copy_text(a->stacks, sizeof(a->stacks), config->stacks);
	if (part != ACCOUNT_PROCESS) {
		copy_text(a->status_file, sizeof(a->status_file), config->status_file);
		copy_trace(a, account_at(ledger, parent), config->trace);
	}
	/* Its sinks stand there for the budgets that begin below it. */
	atomic_store_explicit(&a->record_taken, a->part == ACCOUNT_RUNNER, memory_order_relaxed);
	grades_open(a, config);
	resident_open(a, config);
	atomic_store_explicit(&a->wall_deadline_ns, INT64_MAX, memory_order_relaxed);
	return enter(a);
}

uint32_t accounts_open_sibling(struct ledger *ledger, uint32_t model, uint32_t root)
{
	const struct account *m = &ledger->account[model];
	struct account *a = take_free(ledger, root, model);

	if (!a)
		return LEDGER_NONE;
	a->parent = m->parent;
	a->config_hash = m->config_hash;
	a->scope = m->scope;
	a->part = m->part;
	a->skip_blocked = m->skip_blocked;
	a->idle_output = m->idle_output;
	a->stopped_max_ns = m->stopped_max_ns;
	memcpy(a->limit, m->limit, sizeof(a->limit));
	memcpy(a->action, m->action, sizeof(a->action));
	grades_open_sibling(a, m);
	resident_open_sibling(a, m);
	a->watch = m->watch;
	a->status_fd = -1;
	memcpy(a->name, m->name, sizeof(a->name));
	memcpy(a->log, m->log, sizeof(a->log));
	memcpy(a->stacks, m->stacks, sizeof(a->stacks));
	accounts_start_clock(a, raw_clock_ns(CLOCK_MONOTONIC));
	return enter(a);
}

struct account *accounts_find_settings(const struct ledger *ledger, uint32_t index, uint64_t config_hash)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->config_hash == config_hash)
		return a;
	return NULL;
}

bool accounts_is_begun_by(const struct ledger *ledger, uint32_t index, uint32_t slot, uint64_t config_hash)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->root == slot && a->config_hash == config_hash &&
	    (a->part == ACCOUNT_WHOLE || a->part == ACCOUNT_TREE))
		return true;
	return false;
}

void accounts_start_clock(struct account *account, int64_t now_ns)
{
	int64_t wall_ns = account->limit[RL_WALL];

	account->start_ns = now_ns;
	atomic_store_explicit(&account->wall_deadline_ns,
			      wall_ns == RL_UNLIMITED ? INT64_MAX : now_ns + wall_ns, memory_order_relaxed);
	progress_note_date(account);
}

static bool has_member(const struct ledger *ledger, uint32_t index)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&ledger->slot[i].state, memory_order_relaxed) != SLOT_FREE &&
		    accounts_is_within(ledger, ledger->slot[i].account, index))
			return true;
	return false;
}

void accounts_close_unused(struct ledger *ledger, uint32_t index)
{
	/* A supervisor still has to write the record of its own. */
	while (index != LEDGER_NONE && ledger->account[index].parent != LEDGER_NONE &&
	       !atomic_load_explicit(&ledger->account[index].supervisor, memory_order_relaxed) &&
	       !has_member(ledger, index)) {
		uint32_t parent = ledger->account[index].parent;

		atomic_store_explicit(&ledger->account[index].in_use, 0, memory_order_relaxed);
		index = parent;
	}
}

int64_t accounts_available(const struct ledger *ledger, uint32_t index)
{
	int64_t least = RL_LIMIT_MAX;

	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		int64_t left = grades_left(a);

		if (left < least)
			least = left;
	}
	return least;
}

void accounts_lease(struct ledger *ledger, uint32_t index, int64_t bytes)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		a->leased += bytes;
		grades_follow(a);
	}
}

void accounts_add_threads(struct ledger *ledger, uint32_t index, int64_t count)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		a->threads += count;
		if (count > 0)
			a->threads_raised = a->threads > a->threads_peak;
		if (a->threads > a->threads_peak)
			a->threads_peak = a->threads;
	}
}

void accounts_withdraw_thread(struct ledger *ledger, uint32_t index)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		a->threads--;
		a->threads_peak -= a->threads_raised;
		a->threads_raised = 0;
	}
}

void accounts_add_procs(struct ledger *ledger, uint32_t index, int64_t count)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		a->procs += count;
		if (count > 0) {
			a->procs_total += count;
			a->procs_raised = account_procs_beside_first(a) > a->procs_peak;
		}
		if (account_procs_beside_first(a) > a->procs_peak)
			a->procs_peak = account_procs_beside_first(a);
	}
}

void accounts_forget_proc(struct ledger *ledger, uint32_t index)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	{
		a->procs_total--;
		a->procs_peak -= a->procs_raised;
		a->procs_raised = 0;
	}
}

void accounts_move_proc(struct ledger *ledger, uint32_t from, uint32_t to)
{
	if (!accounts_is_within(ledger, to, from)) {
		ledger->account[from].procs--;
		ledger->account[from].procs_total--;
	}
	ledger->account[to].procs++;
	ledger->account[to].procs_total++;
}

/* How many would be beside the first: the sum of processes has that one in it, that of threads has not. */
static int64_t with_one_more(const struct account *a, enum limit_id id)
{
	return id == RL_PROCS ? a->procs : a->threads + 1;
}

bool account_has_room(const struct account *a, enum limit_id id)
{
	return with_one_more(a, id) <= a->limit[id];
}

bool accounts_have_room(const struct ledger *ledger, uint32_t index, enum limit_id id)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (!account_has_room(a, id))
		return false;
	return true;
}

bool accounts_are_at_peak(const struct ledger *ledger, uint32_t index, enum limit_id id)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (with_one_more(a, id) > (id == RL_PROCS ? a->procs_peak : a->threads_peak))
		return true;
	return false;
}

bool accounts_bytes_at_peak(const struct ledger *ledger, uint32_t index, int64_t n)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->leased + n > a->mem_peak)
		return true;
	return false;
}

void accounts_note_peak(struct ledger *ledger, uint32_t index, int64_t unused)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->leased - unused > a->mem_peak)
		a->mem_peak = a->leased - unused;
}

bool accounts_is_within(const struct ledger *ledger, uint32_t index, uint32_t ancestor)
{
	for (; index != LEDGER_NONE; index = ledger->account[index].parent)
		if (index == ancestor)
			return true;
	return false;
}
