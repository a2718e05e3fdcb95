/*
 * plugin_sample.c - the tree in numbers, for a plug-in; see plugin_sample.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "plugin_sample.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "core/accounts.h"
#include "core/cells.h"
#include "core/cputime.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "core/resident.h"

/* Without the lock: a slot that changes meanwhile costs a wrong number in this sample only. */
static int64_t resident_bytes(const struct ledger *ledger, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	int64_t sum = 0;

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];
		int64_t bytes;

		if (atomic_load_explicit(&s->state, memory_order_acquire) != SLOT_LIVE || s->pid_namespace ||
		    !accounts_is_within(ledger, s->account, account))
			continue;
		bytes = resident_of(atomic_load_explicit(&s->pid, memory_order_relaxed));
		sum += bytes > 0 ? bytes : 0;
	}
	return sum;
}

void plugin_sample_take(struct ledger *ledger, uint32_t account, struct reslimit_sample *sample)
{
	const struct account *a = &ledger->account[account];
	uint64_t mask;

	memset(sample, 0, sizeof(*sample));
	sample->size = sizeof(*sample);
	sample->pid = a->root_pid;
	sample->tick_ns = a->tick_ns;
	sample->rss_bytes = resident_bytes(ledger, account);
	ledger_lock(ledger, &mask);
	sample->at_ns = raw_clock_ns(CLOCK_MONOTONIC);
	sample->mem_bytes = cells_charged_to_account(ledger, account);
	sample->mem_peak_bytes = a->mem_peak > sample->mem_bytes ? a->mem_peak : sample->mem_bytes;
	sample->threads = a->threads;
	sample->procs = a->procs;
	sample->cpu_ns = cputime_of_account(ledger, account, LEDGER_NONE);
	ledger_unlock(ledger, &mask);
	sample->mem_limit_bytes = a->limit[RL_MEM];
	sample->threads_limit = a->limit[RL_THREADS];
	sample->procs_limit = a->limit[RL_PROCS];
	sample->wall_ns = sample->at_ns - a->start_ns - a->stopped_ns;
	sample->wall_limit_ns = a->limit[RL_WALL];
	sample->cpu_limit_ns = a->limit[RL_CPU];
}
