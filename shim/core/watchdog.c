/*
 * watchdog.c - ends what runs too long; see watchdog.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "watchdog.h"

#include <linux/prctl.h>
#include <stdatomic.h>

#include "accounts.h"
#include "actions.h"
#include "attrs.h"
#include "breach.h"
#include "ledger_lock.h"
#include "logline.h"
#include "rawsys.h"
#include "slots.h"

enum {
	CPU_LOOK_NS = 100000,	    /* the finest look at processor time */
	CPU_IDLE_LOOK_NS = 8000000, /* for a tree near its limit that does not run */
};

bool watchdog_is_needed(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		for (int i = 0; i < RL_LIMIT_COUNT; i++)
			if (a->limit[i] != RL_UNLIMITED &&
			    (!limit_is_deniable(i) || action_has_signal(&a->action[i])))
				return true;
	}
	return false;
}

static uint32_t count_cpus(void)
{
	uint64_t set[64];
	long bytes = raw_syscall3(SYS_sched_getaffinity, 0, sizeof(set), set);
	uint32_t count = 0;

	for (long i = 0; i < bytes / (long)sizeof(set[0]); i++)
		count += (uint32_t)__builtin_popcountll(set[i]);
	return count ? count : 1;
}

void watchdog_init(struct watchdog *w, struct ledger *ledger, uint32_t slot)
{
	w->ledger = ledger;
	w->slot = slot;
	w->cpus = count_cpus();
	w->cpu_seen_ns = 0;
	w->idle_looks = 0;
	atomic_store_explicit(&w->word, 0, memory_order_relaxed);
}

static int64_t cpu_of_slot(const struct watchdog *w, struct slot *s)
{
	int64_t now_ns;

	if (s->pid_namespace != w->ledger->slot[w->slot].pid_namespace)
		return s->cpu_ns - s->cpu_base_ns;
	now_ns = raw_clock_ns(raw_cpu_clock_of(atomic_load_explicit(&s->pid, memory_order_relaxed)));
	/* A dead process's clock is gone: what was seen last stands. A recycled pid begins at 0. */
	if (now_ns > s->cpu_ns)
		s->cpu_ns = now_ns;
	return s->cpu_ns - s->cpu_base_ns;
}

/* Processor time of all members, living and dead. Under the lock. */
static int64_t cpu_of_account(const struct watchdog *w, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&w->ledger->slots_end, memory_order_relaxed);
	int64_t sum = w->ledger->account[account].cpu_dead_ns;

	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &w->ledger->slot[i];
		uint32_t state = atomic_load_explicit(&s->state, memory_order_relaxed);

		if ((state == SLOT_LIVE || state == SLOT_LEAVING) &&
		    accounts_is_within(w->ledger, s->account, account))
			sum += cpu_of_slot(w, s);
	}
	return sum;
}

/* When the account's processor time could first be used up. */
static int64_t next_cpu_look(struct watchdog *w, const struct account *a, int64_t used_ns, int64_t now_ns)
{
	int64_t runners = a->procs + a->threads;
	int64_t wait_ns, least_ns = CPU_LOOK_NS;

	if (runners > (int64_t)w->cpus)
		runners = w->cpus;
	wait_ns = (a->limit[RL_CPU] - used_ns) / (runners > 0 ? runners : 1);
	w->idle_looks = used_ns - w->cpu_seen_ns < CPU_LOOK_NS / 10 ? w->idle_looks + 1 : 0;
	w->cpu_seen_ns = used_ns;
	for (uint32_t i = 0; i < w->idle_looks && least_ns < CPU_IDLE_LOOK_NS; i++)
		least_ns *= 2;
	return now_ns + (wait_ns > least_ns ? wait_ns : least_ns);
}

static void claim(struct watchdog *w, uint32_t account, enum limit_id limit, int64_t now_ns)
{
	if (breach_claim(w->ledger, account, limit, now_ns))
		logline(&w->ledger->account[account], "limit", limit == RL_WALL ? "wall" : "cpu",
			w->ledger->account[account].limit[limit]);
}

/* Looks for a breach. Return: when to look again. */
static int64_t look_for_breach(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	int64_t next_ns = a->wall_deadline_ns;
	uint64_t mask;

	ledger_lock(w->ledger, &mask);
	if (now_ns >= a->wall_deadline_ns) {
		claim(w, account, RL_WALL, now_ns);
	} else if (a->limit[RL_CPU] != RL_UNLIMITED) {
		int64_t used_ns = cpu_of_account(w, account);

		if (used_ns >= a->limit[RL_CPU]) {
			claim(w, account, RL_CPU, now_ns);
		} else {
			int64_t look_ns = next_cpu_look(w, a, used_ns, now_ns);

			next_ns = look_ns < next_ns ? look_ns : next_ns;
		}
	}
	ledger_unlock(w->ledger, &mask);
	return next_ns;
}

static int64_t look_at_account(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	int64_t next_ns = INT64_MAX;

	if (!atomic_load_explicit(&a->breach, memory_order_acquire))
		next_ns = look_for_breach(w, account, now_ns);
	if (!atomic_load_explicit(&a->breach, memory_order_acquire))
		return next_ns;
	if (now_ns >= a->next_step_ns)
		breach_carry_out(w->ledger, account, w->slot, now_ns);
	return a->next_step_ns;
}

int64_t watchdog_look(struct watchdog *w)
{
	int64_t next_ns = INT64_MAX;
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	FOR_EACH_ACCOUNT_UP(w->ledger, w->ledger->slot[w->slot].account, a)
	{
		int64_t look_ns = look_at_account(w, (uint32_t)(a - w->ledger->account), now_ns);

		next_ns = look_ns < next_ns ? look_ns : next_ns;
	}
	return next_ns;
}

void watchdog_run(struct watchdog *w)
{
	/* Wake at the time asked for, not up to 50 us later. */
	raw_syscall2(SYS_prctl, PR_SET_TIMERSLACK, 1);
	for (;;) {
		uint32_t word = atomic_load_explicit(&w->word, memory_order_acquire);
		int64_t next_ns;

		if (word & WATCHDOG_STOP)
			return;
		next_ns = watchdog_look(w);
		raw_futex_wait_until(&w->word, word, next_ns, RAW_FUTEX_PRIVATE);
		atomic_fetch_add_explicit(&w->wakeups, 1, memory_order_relaxed);
	}
}

void watchdog_kick(struct watchdog *w)
{
	atomic_fetch_add_explicit(&w->word, WATCHDOG_KICK, memory_order_release);
	raw_futex_wake(&w->word, 1, RAW_FUTEX_PRIVATE);
}

void watchdog_stop(struct watchdog *w)
{
	atomic_fetch_or_explicit(&w->word, WATCHDOG_STOP, memory_order_release);
	raw_futex_wake(&w->word, 1, RAW_FUTEX_PRIVATE);
}
