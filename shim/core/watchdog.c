/*
 * watchdog.c - ends what runs too long; see watchdog.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "watchdog.h"

#include <errno.h>
#include <linux/prctl.h>
#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "actions.h"
#include "approach.h"
#include "attrs.h"
#include "breach.h"
#include "ledger_lock.h"
#include "logline.h"
#include "meter.h"
#include "nap.h"
#include "rawsys.h"
#include "schedule.h"
#include "stacks.h"
#include "step_signals.h"
#include "trace.h"

enum {
	POLL_NS = 10000000,
	ERRAND_LOOK_NS = 20000000,
	SHORT_LIFE_NS = 4000000,
	PLENTY_NS = 1000000000, /* of processor time that is left */
};

static bool is_watched(const struct account *account, enum limit_id id)
{
	return account->limit[id] != RL_UNLIMITED &&
	       (!limit_is_deniable(id) || action_has_signal(&account->action[id]));
}

static bool account_is_watched(const struct account *a)
{
	for (int i = 0; i < RL_LIMIT_COUNT; i++)
		if (is_watched(a, i))
			return true;
	return a->trace[0];
}

bool watchdog_is_needed(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	if (account_is_watched(a))
		return true;
	return false;
}

/* Whether the watchdog of the account's first process sees to the one in `slot` as well as its own would. */
static bool is_seen_to(const struct ledger *ledger, const struct account *a, uint32_t slot)
{
	const struct slot *first = a->root == LEDGER_NONE ? NULL : &ledger->slot[a->root];

	for (int i = 0; i < RL_LIMIT_COUNT; i++)
		if (i != RL_WALL && i != RL_CPU && is_watched(a, i))
			return false;
	/* Near that limit each must end at once: who has no watchdog would wait for its turn to. */
	if (a->limit[RL_CPU] != RL_UNLIMITED && a->limit[RL_CPU] - a->cpu_sum_ns < PLENTY_NS)
		return false;
	return first && a->root != slot && !a->trace[0] && !stacks_are_wanted(a) &&
	       !atomic_load_explicit(&a->breach, memory_order_relaxed) &&
	       atomic_load_explicit(&first->state, memory_order_relaxed) == SLOT_LIVE &&
	       atomic_load_explicit(&first->watchdog_tid, memory_order_relaxed) &&
	       first->pid_namespace == ledger->slot[slot].pid_namespace;
}

bool watchdog_can_wait(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	if (account_is_watched(a) && !is_seen_to(ledger, a, slot))
		return false;
	return true;
}

uint32_t watchdog_cpus(void)
{
	uint64_t set[64];
	long bytes = raw_syscall3(SYS_sched_getaffinity, 0, sizeof(set), set);
	uint32_t count = 0;

	for (long i = 0; i < bytes / (long)sizeof(set[0]); i++)
		count += (uint32_t)__builtin_popcountll(set[i]);
	return count ? count : 1;
}

/*
 * While the caller is still alone in the process, if it ever is: before main,
 * and in the child of a fork, which must forget its parent's.
 */
static void hold_status(struct watchdog *w)
{
	procfile_close(&w->status);
	procfile_close(&w->descriptors);
	FOR_EACH_ACCOUNT_UP(w->ledger, w->ledger->slot[w->slot].account, a)
	{
		if (a->limit[RL_WATCH] != RL_UNLIMITED) {
			procfile_open(&w->status, "/proc/self/status");
			return;
		}
	}
}

void watchdog_init(struct watchdog *w, struct ledger *ledger, uint32_t slot)
{
	w->ledger = ledger;
	w->slot = slot;
	w->cpus = 1;
	w->cpu_seen_ns = 0;
	w->own_seen_ns = 0;
	w->idle_since_ns = 0;
	w->rehearsed_ns = 0;
	w->has_own_files = w->comes_late = false;
	w->nap.is_prepared = false;
	w->idle_looks = 0;
	w->watching = w->supervising = (struct sampling){.next_ns = 0};
	if (slot != LEDGER_NONE)
		hold_status(w);
	w->prepare_end = NULL;
	w->rehearse_end = NULL;
	approach_init();
	stops_init(w);
	atomic_store_explicit(&w->stopping, 0, memory_order_relaxed);
	atomic_store_explicit(&w->kicked, 0, memory_order_relaxed);
	atomic_store_explicit(&w->next_look_ns, INT64_MAX, memory_order_relaxed);
	atomic_store_explicit(&w->errand, ERRAND_NONE, memory_order_relaxed);
	atomic_store_explicit(&w->leaving, LEAVING_NONE, memory_order_relaxed);
	atomic_store_explicit(&w->ending, 0, memory_order_relaxed);
}

/* The limits without a call to refuse, and MEM for its grace, in the order in which they become the verdict.
 */
static const struct {
	enum limit_id limit;
	meter_look *look;
	const char *name;
} METERS[] = {
	{RL_MEM, meter_mem, "mem"},	     {RL_WALL, meter_wall, "wall"},
	{RL_CPU, meter_cpu, "cpu"},	     {RL_WATCH, meter_watch, "watch"},
	{RL_PLUGIN, meter_plugin, "plugin"}, {RL_IDLE, meter_idle, "idle"},
	{RL_RSS, meter_rss, "rss"},	     {RL_RSS_GROWTH, meter_rss_growth, "rss_growth"},
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
	if (!first)
		return;
	logline(a, "limit", METERS[meter].name, a->limit[limit]);
	trace_event(w->ledger, account, "limit", {"limit", METERS[meter].name, 0},
		    {"value", NULL, a->limit[limit]});
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

bool watchdog_stands_by(const struct watchdog *w, const struct account *a)
{
	/* A supervisor stands by for nobody. */
	return w->slot != LEDGER_NONE && a->root != LEDGER_NONE && a->root != w->slot &&
	       atomic_load_explicit(&w->ledger->slot[a->root].state, memory_order_relaxed) == SLOT_LIVE;
}

static int64_t look_at_limits(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	int64_t next_ns = INT64_MAX;

	if (!atomic_load_explicit(&a->breach, memory_order_acquire))
		next_ns = look_for_breach(w, account, now_ns);
	if (!atomic_load_explicit(&a->breach, memory_order_acquire))
		return next_ns;
	next_ns = a->next_step_ns;
	if (next_ns != INT64_MAX && watchdog_stands_by(w, a))
		next_ns += WATCHDOG_STANDBY_NS;
	if (now_ns < next_ns)
		return next_ns;
	breach_carry_out(w->ledger, account, w->slot, now_ns);
	step_signals_pay_owed(w->ledger, w->slot, w->prepare_end);
	return a->next_step_ns;
}

static int64_t look_at_account(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	int64_t look_ns = look_at_limits(w, account, now_ns);
	int64_t sample_ns = trace_sample(w->ledger, account, w->slot, now_ns);

	return sample_ns < look_ns ? sample_ns : look_ns;
}

int64_t watchdog_look(struct watchdog *w)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t next_ns = stacks_tidy(now_ns);

	step_signals_pay_owed(w->ledger, w->slot, w->prepare_end);
	FOR_EACH_ACCOUNT_UP(w->ledger, w->ledger->slot[w->slot].account, a)
	{
		int64_t look_ns = look_at_account(w, (uint32_t)(a - w->ledger->account), now_ns);

		next_ns = look_ns < next_ns ? look_ns : next_ns;
	}
	return next_ns;
}

int64_t watchdog_look_around(struct watchdog *w, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&w->ledger->accounts_end, memory_order_relaxed);
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t next_ns = stacks_tidy(now_ns);

	for (uint32_t i = 0; i < end; i++) {
		const struct account *a = &w->ledger->account[i];
		int64_t look_ns;

		if (!atomic_load_explicit(&a->in_use, memory_order_relaxed) || !a->start_ns ||
		    (!accounts_is_within(w->ledger, i, account) &&
		     !accounts_is_within(w->ledger, account, i)))
			continue;
		look_ns = look_at_account(w, i, now_ns);
		next_ns = look_ns < next_ns ? look_ns : next_ns;
	}
	return next_ns;
}

void watchdog_begin(struct watchdog *w)
{
	w->cpus = watchdog_cpus();
	/* Wakes at the time asked for, not up to 50 us later. */
	raw_syscall2(SYS_prctl, PR_SET_TIMERSLACK, 1);
}

void watchdog_ask_for_the_processor(void)
{
	if (!schedule_before_others(0))
		schedule_in_short_slices();
}

static void run_errand(struct watchdog *w)
{
	if (atomic_load_explicit(&w->errand, memory_order_acquire) != ERRAND_ASKED)
		return;
	w->run_errand();
	atomic_store_explicit(&w->errand, ERRAND_DONE, memory_order_release);
}

/* Earlier than the next look, for what nobody wakes us: errands, and the end of the last thread. */
static int64_t sooner(struct watchdog *w, int64_t next_ns)
{
	int64_t pause_ns = leader_pause(&w->leader);
	int64_t look_ns;

	if (atomic_load_explicit(&w->polls_errands, memory_order_relaxed) && pause_ns > ERRAND_LOOK_NS)
		pause_ns = ERRAND_LOOK_NS;
	if (pause_ns == INT64_MAX)
		return next_ns;
	look_ns = raw_clock_ns(CLOCK_MONOTONIC) + pause_ns;
	return next_ns < look_ns ? next_ns : look_ns;
}

/* Until the time has come, somebody kicks, or a stop has ended. */
static void sleep_until(struct watchdog *w, int64_t next_ns)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t for_ns, slept_ns = -1;
	int result = -EAGAIN;

	if (next_ns <= now_ns)
		return;
	approach_leave(next_ns - now_ns);
	stops_fall_asleep(w, next_ns - now_ns);
	if (stops_follow(w, now_ns) < next_ns)
		next_ns = stops_follow(w, now_ns);
	now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	for_ns = next_ns == INT64_MAX ? INT64_MAX : next_ns - now_ns;
	if (for_ns > 0)
		result = nap_until_woken(&w->nap, for_ns, &slept_ns);
	/* A filter of system calls: without the call, whose other ends are known, it must be polled. */
	if (result < 0 && result != -EAGAIN && result != -EINTR)
		raw_sleep_ns(for_ns < POLL_NS ? for_ns : POLL_NS);
	stops_wake_up(w, result == -EINTR, slept_ns);
}

/* What waits until the process has shown that it is not over soon. */
static void settle(struct watchdog *w)
{
	watchdog_ask_for_the_processor();
	if (w->has_own_files)
		nap_prepare(&w->nap);
}

bool watchdog_run(struct watchdog *w)
{
	int64_t settled_ns = raw_clock_ns(CLOCK_MONOTONIC) + (w->comes_late ? 0 : SHORT_LIFE_NS);
	bool is_prompt = false;

	while (!atomic_load_explicit(&w->stopping, memory_order_acquire)) {
		int64_t next_ns;

		if (leader_left_nobody(&w->leader, atomic_exchange_explicit(&w->leaving, LEAVING_NONE,
									    memory_order_acq_rel)))
			return false;
		run_errand(w);
		/* Before the look: who stores something to look at from here on finds no look planned, and
		 * kicks. */
		atomic_store_explicit(&w->next_look_ns, INT64_MAX, memory_order_relaxed);
		atomic_store_explicit(&w->kicked, 0, memory_order_relaxed);
		atomic_thread_fence(memory_order_seq_cst);
		next_ns = sooner(w, watchdog_look(w));
		/* Most processes are over soon: what costs them something waits until it may be needed. */
		if (!is_prompt && next_ns > settled_ns && raw_clock_ns(CLOCK_MONOTONIC) < settled_ns) {
			next_ns = settled_ns;
		} else if (!is_prompt) {
			settle(w);
			is_prompt = true;
		}
		atomic_store_explicit(&w->next_look_ns, next_ns, memory_order_relaxed);
		sleep_until(w, next_ns);
	}
	return true;
}

void watchdog_kick(struct watchdog *w, pid_t pid, pid_t tid)
{
	if (!atomic_exchange_explicit(&w->kicked, 1, memory_order_seq_cst))
		raw_wake_thread(pid, tid);
}

void watchdog_expect(struct watchdog *w, int64_t at_ns, pid_t pid, pid_t tid)
{
	atomic_thread_fence(memory_order_seq_cst);
	if (atomic_load_explicit(&w->next_look_ns, memory_order_relaxed) > at_ns)
		watchdog_kick(w, pid, tid);
}

void watchdog_stop(struct watchdog *w, pid_t pid, pid_t tid)
{
	atomic_store_explicit(&w->stopping, 1, memory_order_release);
	raw_wake_thread(pid, tid);
}
