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
#include "meter.h"
#include "rawsys.h"

enum { SLICE_NS = 100000 /* the shortest that the kernel takes */, ERRAND_LOOK_NS = 20000000 };

static bool is_watched(const struct account *account, enum limit_id id)
{
	return account->limit[id] != RL_UNLIMITED &&
	       (!limit_is_deniable(id) || action_has_signal(&account->action[id]));
}

bool watchdog_is_needed(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		for (int i = 0; i < RL_LIMIT_COUNT; i++)
			if (is_watched(a, i))
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
	atomic_store_explicit(&w->next_look_ns, INT64_MAX, memory_order_relaxed);
	atomic_store_explicit(&w->word, 0, memory_order_relaxed);
	atomic_store_explicit(&w->errand, ERRAND_NONE, memory_order_relaxed);
}

/* The limits without a call to refuse, and MEM for its grace, in the order in which they become the verdict.
 */
static const struct {
	enum limit_id limit;
	meter_look *look;
	const char *name;
} METERS[] = {
	{RL_MEM, meter_mem, "mem"},
	{RL_WALL, meter_wall, "wall"},
	{RL_CPU, meter_cpu, "cpu"},
	{RL_RSS, meter_rss, "rss"},
	{RL_RSS_GROWTH, meter_rss_growth, "rss_growth"},
};

static void claim(struct watchdog *w, uint32_t account, size_t meter, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	enum limit_id limit = METERS[meter].limit;
	uint64_t mask;
	bool first, is_locked;

	is_locked = ledger_lock_urgent(w->ledger, &mask);
	first = breach_claim(w->ledger, account, limit, now_ns);
	ledger_unlock_urgent(w->ledger, &mask, is_locked);
	if (first)
		logline(a, "limit", METERS[meter].name, a->limit[limit]);
}

/* Looks for a breach. Return: when to look again. */
static int64_t look_for_breach(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	const struct account *a = &w->ledger->account[account];
	int64_t next_ns = INT64_MAX;

	for (size_t i = 0; i < RL_ARRAY_LEN(METERS); i++) {
		int64_t look_ns;

		if (a->limit[METERS[i].limit] == RL_UNLIMITED)
			continue;
		look_ns = METERS[i].look(w, account, now_ns);
		if (look_ns == METER_REACHED) {
			claim(w, account, i, now_ns);
			return INT64_MAX;
		}
		next_ns = look_ns < next_ns ? look_ns : next_ns;
	}
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

/* As sched_setattr(2) takes it, in its first version. */
struct sched_attributes {
	uint32_t size, policy;
	uint64_t flags;
	int32_t nice;
	uint32_t priority;
	uint64_t runtime, deadline, period;
};

/*
 * Wakes at the time asked for: not up to 50 us later by timer slack, and not
 * behind the slice of a program that spins (a short slice of our own goes first
 * since Linux 6.12, unprivileged). Refusals do no harm.
 */
static void ask_for_prompt_wakeups(void)
{
	struct sched_attributes attributes = {.size = 0};

	raw_syscall2(SYS_prctl, PR_SET_TIMERSLACK, 1);
	if (raw_syscall4(SYS_sched_getattr, 0, &attributes, sizeof(attributes), 0) < 0 || attributes.policy)
		return;
	attributes.runtime = SLICE_NS;
	raw_syscall3(SYS_sched_setattr, 0, &attributes, 0);
}

static void run_errand(struct watchdog *w)
{
	if (atomic_load_explicit(&w->errand, memory_order_acquire) != ERRAND_ASKED)
		return;
	w->run_errand();
	atomic_store_explicit(&w->errand, ERRAND_DONE, memory_order_release);
}

static int64_t sooner_for_errands(const struct watchdog *w, int64_t next_ns)
{
	int64_t look_ns;

	if (!atomic_load_explicit(&w->polls_errands, memory_order_relaxed))
		return next_ns;
	look_ns = raw_clock_ns(CLOCK_MONOTONIC) + ERRAND_LOOK_NS;
	return next_ns < look_ns ? next_ns : look_ns;
}

bool watchdog_run(struct watchdog *w)
{
	ask_for_prompt_wakeups();
	for (;;) {
		uint32_t word = atomic_load_explicit(&w->word, memory_order_acquire);
		int64_t next_ns;

		if (word & WATCHDOG_STOP)
			return true;
		if (leader_left_nobody(&w->leader))
			return false;
		run_errand(w);
		/* Who stores something to look at from here on finds no look planned, and kicks. */
		atomic_store_explicit(&w->next_look_ns, INT64_MAX, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst);
		next_ns = sooner_for_errands(w, watchdog_look(w));
		atomic_store_explicit(&w->next_look_ns, next_ns, memory_order_relaxed);
		leader_wait(&w->leader, &w->word, word, next_ns);
		atomic_fetch_add_explicit(&w->wakeups, 1, memory_order_relaxed);
	}
}

void watchdog_kick(struct watchdog *w)
{
	atomic_fetch_add_explicit(&w->word, WATCHDOG_KICK, memory_order_release);
	raw_futex_wake(&w->word, 1, RAW_FUTEX_PRIVATE);
}

void watchdog_expect(struct watchdog *w, int64_t at_ns)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->next_look_ns, memory_order_relaxed) > at_ns)
		watchdog_kick(w);
}

void watchdog_stop(struct watchdog *w)
{
	atomic_fetch_or_explicit(&w->word, WATCHDOG_STOP, memory_order_release);
	raw_futex_wake(&w->word, 1, RAW_FUTEX_PRIVATE);
}
