/*
 * plugin_sample.c - the tree in numbers, for a plug-in; see plugin_sample.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "plugin_sample.h"

#include <string.h>

#include "core/cells.h"
#include "core/cputime.h"
#include "core/ledger_lock.h"
#include "core/rawsys.h"
#include "core/resident.h"
#include "core/vacancy.h"

void plugin_sample_take(struct ledger *ledger, uint32_t account, struct reslimit_sample *sample)
{
	const struct account *a = &ledger->account[account];
	uint64_t mask;

	memset(sample, 0, sizeof(*sample));
	sample->size = sizeof(*sample);
	sample->pid = a->root_pid;
	sample->tick_ns = a->tick_ns;
	sample->rss_bytes = resident_of_members(ledger, account, LEDGER_NONE);
	ledger_lock(ledger, &mask);
	sample->at_ns = raw_clock_ns(CLOCK_MONOTONIC);
	sample->mem_bytes = cells_charged_to_account(ledger, account);
	sample->mem_peak_bytes = a->mem_peak > sample->mem_bytes ? a->mem_peak : sample->mem_bytes;
	sample->threads = vacancy_threads_in(ledger, account);
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
