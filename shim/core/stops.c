/*
 * stops.c - time that does not count as wall time; see stops.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stops.h"

#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "ledger_lock.h"
#include "logline.h"
#include "procfs.h"
#include "progress.h"
#include "rawsys.h"
#include "slots.h"
#include "tree.h"
#include "vacancy.h"
#include "watchdog.h"

enum {
	SUSPENDED_NS = 1000000,	  /* less is a clock that was read in two halves */
	FOLLOW_NS = 100000000,	  /* how often a process under a debugger, or stopped, is looked at */
	CREDIT_WAIT_NS = 5000000, /* for the first process, which goes on just now, to credit itself */
	LONG_SLEEP_NS = 10000000,
	MOMENT_TRIES = 3,
	HELD_UP_NS = 1000000,	/* longer than any look */
	STARVED_NS = 100000000, /* longer than a look that waits for its turn */
	NO_SLEEP_NS = 50000,	/* a call whose time had come has given up no processor */
	LOOKED_AHEAD_NS = 500000,
	CREDIT_GRACE_NS = 200000000, /* more than FOLLOW_NS: it may have gone on right after the last look */
};

/* The same where its watchdog is there to tell, and may only wait for a processor. */
static const int64_t TELL_GRACE_NS = 3000000000;

void stops_credit(struct ledger *ledger, uint32_t account, int64_t ns)
{
	struct account *a = &ledger->account[account];
	int64_t deadline_ns;
	uint64_t mask;
	bool is_locked;

	is_locked = ledger_lock_urgent(ledger, &mask);
	if (ns > a->stopped_max_ns - a->stopped_ns)
		ns = a->stopped_max_ns - a->stopped_ns;
	if (ns > 0 && !atomic_load_explicit(&a->breach, memory_order_relaxed)) {
		a->stopped_ns += ns;
		deadline_ns = atomic_load_explicit(&a->wall_deadline_ns, memory_order_relaxed);
		/* To go on is progress: idle time begins anew. */
		progress_note(a, raw_clock_ns(CLOCK_MONOTONIC));
		if (deadline_ns != INT64_MAX)
			atomic_store_explicit(&a->wall_deadline_ns, deadline_ns + ns, memory_order_relaxed);
	} else {
		ns = 0;
	}
	ledger_unlock_urgent(ledger, &mask, is_locked);
	if (ns)
		logline(a, "stopped", "ns", ns);
}

/* Credits every account that this process is the first of. */
static void credit_own(struct watchdog *w, int64_t ns)
{
	FOR_EACH_ACCOUNT_UP(w->ledger, w->ledger->slot[w->slot].account, a)
	if (a->root == w->slot && ns > 0)
		stops_credit(w->ledger, (uint32_t)(a - w->ledger->account), ns);
}

/* Whether stops of this process make a difference to anything. */
static bool is_first_anywhere(const struct watchdog *w)
{
	if (w->slot == LEDGER_NONE)
		return false;
	FOR_EACH_ACCOUNT_UP(w->ledger, w->ledger->slot[w->slot].account, a)
	if (a->root == w->slot && a->stopped_max_ns > 0)
		return true;
	return false;
}

/*
 * No stop comes in the middle of it: each is after one moment and before the next. Unless each system call is
 * one, which is so under a tracer of such calls: then the time does not count anyway.
 */
static struct stops_moment this_moment(void)
{
	struct ledger_lock_waits waits = ledger_lock_waits();
	struct stops_moment moment;
	int64_t taken;
	int tries = 0;

	do {
		moment.switches = raw_switches(&moment.taken);
		moment.at_ns = raw_clock_ns(CLOCK_MONOTONIC);
		moment.offset_ns = raw_clock_ns(CLOCK_BOOTTIME) - moment.at_ns;
	} while ((raw_switches(&taken) != moment.switches ||
		  raw_clock_ns(CLOCK_MONOTONIC) - moment.at_ns > SUSPENDED_NS / 2) &&
		 ++tries < MOMENT_TRIES);
	moment.switches -= waits.switches;
	moment.waited_ns = waits.ns;
	return moment;
}

/* But for what the watchdog has waited for the lock. */
static int64_t time_between(struct stops_moment since, struct stops_moment now)
{
	return now.at_ns - since.at_ns - (now.waited_ns - since.waited_ns);
}

/* A sleep or a watch, which may end in a look. */
static void begin(struct stops *s, struct stops_moment now)
{
	s->since = now;
	s->since_cpu_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	s->since_ready_ns = 0;
	s->since_own_ready_ns = -1;
}

/* How long the watchdog or the first thread had or waited for a processor since then, where that was asked.
 */
static int64_t ready_since(const struct stops *s)
{
	int64_t own_ns = s->since_own_ready_ns < 0 ? 0 : procfs_own_ready_ns() - s->since_own_ready_ns;
	int64_t first_ns = s->since_ready_ns ? procfs_first_thread_ready_ns() - s->since_ready_ns : 0;

	return own_ns > first_ns ? own_ns : first_ns;
}

/* How long this process has been stopped since then, at most. */
static int64_t stopped_since(struct watchdog *w, struct stops_moment now, int64_t slept_ns)
{
	const struct stops *s = &w->stops;
	int64_t begun_ns = atomic_exchange_explicit(&w->stops.begun_ns, 0, memory_order_relaxed);
	int64_t runners = 1 + vacancy_threads_of(&w->ledger->slot[w->slot]);
	int64_t used_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - s->since_cpu_ns;
	int64_t ready_ns;

	if (slept_ns >= 0)
		return time_between(s->since, now) - slept_ns;
	if (begun_ns >= s->since.at_ns)
		return now.at_ns - begun_ns;
	/* A machine that was suspended interrupts sleeps too, and CLOCK_MONOTONIC left that out. */
	if (now.offset_ns - s->since.offset_ns > SUSPENDED_NS)
		return 0;
	if (runners > (int64_t)w->cpus)
		runners = w->cpus;
	used_ns /= runners > 0 ? runners : 1;
	ready_ns = ready_since(s);
	return time_between(s->since, now) - (used_ns > ready_ns ? used_ns : ready_ns);
}

/*
 * What lasts as long is a stop. Before the watchdog has settled it waits for a processor as others do, and
 * changes what the kernel keeps under locks whose owners wait, too: 70 ms among 64 that spin. Later it comes
 * first, where it may.
 */
static int64_t shortest_stop_ns(const struct watchdog *w, struct stops_moment now)
{
	return w->nap.is_prepared && now.taken == w->stops.since.taken ? HELD_UP_NS : STARVED_NS;
}

/* Whether a stop came while the watchdog was awake. Its time is credited. */
static bool was_held_up(struct watchdog *w, struct stops_moment now)
{
	int64_t awake_ns = time_between(w->stops.since, now);

	if (awake_ns < HELD_UP_NS || now.switches <= w->stops.since.switches || w->stops.traced_ns ||
	    !is_first_anywhere(w) || awake_ns - ready_since(&w->stops) < shortest_stop_ns(w, now))
		return false;
	w->stops.interrupted_ns = now.at_ns;
	credit_own(w, stopped_since(w, now, -1));
	return true;
}

void stops_init(struct watchdog *w)
{
	struct stops_moment now = this_moment();

	/* A new thread has given up no processor. */
	now.switches = -ledger_lock_waits().switches;
	now.taken = 0;
	memset(&w->stops, 0, sizeof(w->stops));
	begin(&w->stops, now);
	w->stops.since_own_ready_ns = 0;
}

/* Every stop before that moment has been credited. */
static void tell(const struct watchdog *w, struct stops_moment now)
{
	if (w->slot != LEDGER_NONE)
		atomic_store_explicit(&w->ledger->slot[w->slot].stops_told_ns, now.at_ns,
				      memory_order_release);
}

void stops_fall_asleep(struct watchdog *w, int64_t for_ns)
{
	struct stops_moment now = this_moment();

	was_held_up(w, now);
	tell(w, now);
	begin(&w->stops, now);
	w->stops.planned_ns = for_ns;
	/* A short sleep is not worth a file, nor is one that will tell by itself. */
	if (for_ns > LONG_SLEEP_NS && !w->nap.is_prepared)
		w->stops.since_ready_ns = procfs_first_thread_ready_ns();
}

/* Credits the time since it was last credited, and notices when the debugger has left. */
static void follow_tracer(struct watchdog *w, int64_t now_ns)
{
	credit_own(w, now_ns - w->stops.traced_ns);
	w->stops.traced_ns = procfs_is_held(0) ? now_ns : 0;
}

/* Whether a stop came on the way into the sleep, or out of it, and so cut nothing short. */
static bool was_held_up_around_sleep(const struct watchdog *w, struct stops_moment now, int64_t slept_ns)
{
	const struct stops *s = &w->stops;

	return time_between(s->since, now) - slept_ns >= shortest_stop_ns(w, now) &&
	       now.switches - s->since.switches > (slept_ns > NO_SLEEP_NS);
}

void stops_wake_up(struct watchdog *w, bool interrupted, int64_t slept_ns)
{
	struct stops_moment now = this_moment();

	/* Where nobody knows, one that nothing cut short was as long as planned, or shorter. */
	if (slept_ns < 0 && !interrupted)
		slept_ns = w->stops.planned_ns;
	if (slept_ns >= 0 && was_held_up_around_sleep(w, now, slept_ns))
		interrupted = true;
	if (interrupted)
		w->stops.interrupted_ns = now.at_ns;
	if (w->stops.traced_ns && is_first_anywhere(w)) {
		follow_tracer(w, now.at_ns);
	} else if (interrupted && is_first_anywhere(w)) {
		credit_own(w, stopped_since(w, now, slept_ns));
		if (procfs_is_held(0))
			w->stops.traced_ns = now.at_ns;
	}
	tell(w, now);
	begin(&w->stops, now);
	if (!w->nap.is_prepared && is_first_anywhere(w)) {
		w->stops.since_own_ready_ns = procfs_own_ready_ns();
		w->stops.since_ready_ns = procfs_first_thread_ready_ns();
	}
}

void stops_look_ahead(struct watchdog *w)
{
	w->stops.free_ns = procfs_is_held(0) ? 0 : raw_clock_ns(CLOCK_MONOTONIC);
}

/* The account's first process is this one, and its deadline has come. */
static int64_t hold_own(struct watchdog *w, int64_t now_ns)
{
	struct stops_moment now = this_moment();

	if (was_held_up(w, now)) {
		begin(&w->stops, now);
		return now_ns;
	}
	if (!w->stops.traced_ns && (now_ns - w->stops.free_ns < LOOKED_AHEAD_NS || !procfs_is_held(0)))
		return 0;
	if (!w->stops.traced_ns)
		w->stops.traced_ns = now_ns;
	return now_ns + FOLLOW_NS;
}

/* Under a supervisor nothing in the first process credits what passes after the deadline. */
static int64_t hold_from_outside(struct ledger *ledger, uint32_t account, int64_t now_ns)
{
	const struct account *a = &ledger->account[account];
	int64_t left_ns;

	stops_credit(ledger, account,
		     now_ns - atomic_load_explicit(&a->wall_deadline_ns, memory_order_relaxed));
	left_ns = a->stopped_max_ns - a->stopped_ns;
	if (left_ns <= 0)
		return 0;
	return now_ns + (left_ns < FOLLOW_NS ? left_ns : FOLLOW_NS);
}

/*
 * Whether a first process that was seen stopped, and is no more, has yet to credit that: its watchdog got no
 * processor since. Who acted now would end the tree for the time in which it was stopped.
 */
static bool has_yet_to_tell(const struct watchdog *w, const struct slot *first, pid_t pid, int64_t now_ns)
{
	pid_t watchdog = atomic_load_explicit(&first->watchdog_tid, memory_order_relaxed);

	return w->stops.first_held_ns && now_ns - w->stops.first_held_ns < TELL_GRACE_NS &&
	       atomic_load_explicit(&first->stops_told_ns, memory_order_acquire) < w->stops.first_held_ns &&
	       watchdog && first->pid_namespace == slots_namespace_of(w->ledger, w->slot) &&
	       !raw_tgkill(pid, watchdog, 0);
}

int64_t stops_hold(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	const struct account *a = &w->ledger->account[account];
	const struct slot *first;
	pid_t pid;

	if (a->stopped_ns >= a->stopped_max_ns || a->root == LEDGER_NONE)
		return 0;
	if (a->root == w->slot)
		return hold_own(w, now_ns);
	first = &w->ledger->slot[a->root];
	pid = slots_pid_in(first, slots_namespace_of(w->ledger, w->slot));
	if (!pid || atomic_load_explicit(&first->state, memory_order_relaxed) != SLOT_LIVE)
		return 0;
	if (procfs_is_held(pid)) {
		if (w->slot == LEDGER_NONE && tree_supervisor(w->ledger, account) == raw_getpid())
			return hold_from_outside(w->ledger, account, now_ns);
		w->stops.interrupted_ns = w->stops.first_held_ns = now_ns;
		return now_ns + FOLLOW_NS;
	}
	if (now_ns - w->stops.interrupted_ns < CREDIT_GRACE_NS || has_yet_to_tell(w, first, pid, now_ns))
		return now_ns + CREDIT_WAIT_NS;
	return 0;
}

/* Whether only this supervisor can notice that the account's first process is stopped. */
static bool is_followed_from_outside(const struct watchdog *w, uint32_t account)
{
	const struct account *a = &w->ledger->account[account];

	return w->slot == LEDGER_NONE && a->root != LEDGER_NONE &&
	       !atomic_load_explicit(&a->supervisor, memory_order_relaxed) &&
	       a->stopped_ns < a->stopped_max_ns && tree_supervisor(w->ledger, account) == raw_getpid() &&
	       slots_shares_pids(w->ledger, a->root, LEDGER_NONE) &&
	       atomic_load_explicit(&w->ledger->slot[a->root].state, memory_order_relaxed) == SLOT_LIVE;
}

void stops_note_stand(struct watchdog *w)
{
	w->stops.stood_ns = raw_clock_ns(CLOCK_MONOTONIC);
}

int64_t stops_follow_first(struct watchdog *w, uint32_t account, int64_t now_ns)
{
	struct account *a = &w->ledger->account[account];
	int64_t before_ns = a->followed_ns < 0 ? -a->followed_ns : a->followed_ns;
	bool is_held;

	if (!is_followed_from_outside(w, account))
		return INT64_MAX;
	is_held = procfs_is_held(atomic_load_explicit(&w->ledger->slot[a->root].pid, memory_order_relaxed));
	/* Somewhere in between it was stopped, or went on: what is not known goes to the program. */
	if (before_ns && (is_held || a->followed_ns < 0))
		stops_credit(w->ledger, account, now_ns - before_ns);
	else if (before_ns && w->stops.stood_ns > before_ns)
		stops_credit(w->ledger, account, w->stops.stood_ns - before_ns);
	a->followed_ns = is_held ? -now_ns : now_ns;
	return now_ns + FOLLOW_NS;
}

int64_t stops_follow(const struct watchdog *w, int64_t now_ns)
{
	return w->stops.traced_ns ? now_ns + FOLLOW_NS : INT64_MAX;
}

void stops_expect(struct watchdog *w)
{
	atomic_store_explicit(&w->stops.begun_ns, raw_clock_ns(CLOCK_MONOTONIC), memory_order_relaxed);
}
