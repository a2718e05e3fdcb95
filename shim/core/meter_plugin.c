/*
 * meter_plugin.c - what a plug-in's host found, and whether it still looks; see meter.h.
 *
 * The host takes its samples by itself (preload/plugin_loop.c). Here only the
 * ledger is read: a violation becomes the verdict, and a host that hangs or is
 * gone is noted. If it was asked what to do about a violation and never
 * answered, the built-in action runs.
 *
 * SPDX-License-Identifier: MIT
 */
#include "meter.h"

#include <stdatomic.h>

#include "plugin.h"
#include "procfs.h"
#include "sampling.h"
#include "watchdog.h"

int64_t plugin_patience_ns(int64_t tick_ns)
{
	int64_t ns = tick_ns > RL_LIMIT_MAX / PLUGIN_TICKS ? RL_LIMIT_MAX : tick_ns * PLUGIN_TICKS;

	return ns > PLUGIN_PATIENCE_NS ? ns : PLUGIN_PATIENCE_NS;
}

bool plugin_is_host(const struct ledger *ledger, pid_t pid)
{
	uint32_t end = atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		const struct plugin *p = &ledger->account[i].plugin;

		if (pid > 0 && atomic_load_explicit(&p->pid, memory_order_acquire) == pid &&
		    procfs_life(pid, p->born_ns) != PROCFS_GONE)
			return true;
	}
	return false;
}

static bool hangs(const struct plugin *p, int64_t tick_ns, int64_t now_ns)
{
	int64_t since_ns = atomic_load_explicit(&p->busy_since_ns, memory_order_relaxed);

	return since_ns && now_ns - since_ns > plugin_patience_ns(tick_ns);
}

/* A host is judged by processes that number it as it numbers itself. */
static bool is_gone(const struct watchdog *w, const struct plugin *p)
{
	if (w->slot != LEDGER_NONE && w->ledger->slot[w->slot].pid_namespace)
		return false;
	return procfs_life(atomic_load_explicit(&p->pid, memory_order_acquire), p->born_ns) != PROCFS_ALIVE;
}

/* Every watchdog of the tree looks; who sees it first writes it down. */
static void look_after(const struct watchdog *w, struct account *a, int64_t now_ns)
{
	uint32_t running = PLUGIN_RUNNING;
	uint32_t found = hangs(&a->plugin, a->tick_ns, now_ns) ? PLUGIN_HUNG : PLUGIN_CRASHED;

	if (found == PLUGIN_HUNG || is_gone(w, &a->plugin))
		atomic_compare_exchange_strong_explicit(&a->plugin.state, &running, found,
							memory_order_relaxed, memory_order_relaxed);
}

int64_t meter_plugin(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	struct plugin *p = &a->plugin;
	uint32_t violation = atomic_load_explicit(&p->violation, memory_order_acquire);
	int64_t next_ns;

	if (violation == PLUGIN_VIOLATED)
		return METER_REACHED;
	if (!sampling_is_due(&w->supervising, now_ns))
		return sampling_next_ns(&w->supervising);
	if (atomic_load_explicit(&p->state, memory_order_relaxed) == PLUGIN_RUNNING)
		look_after(w, a, now_ns);
	if (atomic_load_explicit(&p->state, memory_order_relaxed) != PLUGIN_RUNNING)
		return atomic_load_explicit(&p->violation, memory_order_acquire) ? METER_REACHED : INT64_MAX;
	next_ns = atomic_load_explicit(&p->next_look_ns, memory_order_relaxed);
	next_ns = next_ns > now_ns ? next_ns - now_ns : a->tick_ns;
	return sampling_plan(&w->supervising, now_ns, next_ns < a->tick_ns ? next_ns : a->tick_ns);
}
