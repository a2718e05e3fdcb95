/*
 * sweep.c - finds the processes of a tree that have died; see sweep.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "sweep.h"

#include <errno.h>
#include <linux/futex.h>
#include <stdatomic.h>

#include "leases.h"
#include "ledger_lock.h"
#include "procfs.h"
#include "rawsys.h"
#include "slots.h"
#include "trace.h"

/* As many as one look takes in: on the stack of a timer thread, or of a handler. */
enum {
	BATCH = 24,
	ROUNDS = 100, /* each is worth it only because others get on */
	LANDING_NS =
		1000000000, /* a thread that waits for a processor; one that was stopped is not waited for */
	LANDING_LOOK_NS = 20000,
	LOOKS = 5,
	PROCS_PER_CHANGE = 64, /* a look asks the kernel about each of them: 0.1 us */
};

/* A slot as it was under the lock. */
struct suspect {
	uint32_t index;
	uint32_t state;
	int32_t pid, creator; /* as they are numbered here */
	int64_t born_ns;
	bool is_claimed; /* for a call of its creator that may not be over */
	bool creator_is_alive;
	bool by_number;	   /* dead if nobody has its number any more; /proc is not asked */
	bool is_lost;	   /* and the timeline does not know */
	bool has_executed; /* and lives: what it had charged is gone with its memory */
	uint32_t account;
	uint32_t heir; /* a slot of the same number, where its process seems to live; or LEDGER_NONE */
};

struct batch {
	struct suspect suspect[BATCH];
	uint32_t count;
};

static uint32_t state_of(const struct slot *s)
{
	return atomic_load_explicit(&s->state, memory_order_relaxed);
}

static bool is_claimed(const struct slot *s)
{
	return s->claim == CLAIM_ONCE || s->claim == CLAIM_HELD;
}

/* See exec_mark.h. */
static bool has_executed(const struct slot *s)
{
	return atomic_load_explicit(&s->executed, memory_order_acquire) & FUTEX_OWNER_DIED;
}

static bool is_executing(const struct slot *s)
{
	return state_of(s) != SLOT_FREE && atomic_load_explicit(&s->executed, memory_order_relaxed);
}

/* It said so, or the kernel did. */
static bool is_leaving(const struct slot *s)
{
	return state_of(s) == SLOT_LEAVING || (state_of(s) != SLOT_FREE && has_executed(s));
}

static bool is_suspect(const struct slot *s, enum sweep_kind kind, uint64_t pid_namespace)
{
	if (state_of(s) == SLOT_FREE || (kind == SWEEP_QUICK && state_of(s) == SLOT_RESERVED))
		return false;
	/* A pid of another namespace says nothing about that process. */
	return slots_is_visible(s, pid_namespace);
}

/* Under the lock. Return: where the next batch begins. */
static uint32_t collect(const struct ledger *ledger, enum sweep_kind kind, uint64_t pid_namespace,
			uint32_t from, struct batch *batch)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	batch->count = 0;
	for (; from < end && batch->count < BATCH; from++) {
		const struct slot *s = &ledger->slot[from];

		if (is_suspect(s, kind, pid_namespace))
			batch->suspect[batch->count++] = (struct suspect){
				.index = from,
				.state = state_of(s),
				.pid = slots_pid_in(s, pid_namespace),
				.creator = s->creator,
				.born_ns = s->born_ns,
				.is_claimed = is_claimed(s),
				.has_executed = has_executed(s),
				.by_number = kind == SWEEP_QUICK && !is_leaving(s),
				.heir = LEDGER_NONE,
			};
	}
	return from;
}

/* Without the lock: leaves those that a quick look finds alive. */
static void keep_the_suspicious(struct batch *batch)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < batch->count; i++)
		if (!batch->suspect[i].by_number || raw_kill(batch->suspect[i].pid, 0) == -ESRCH)
			batch->suspect[kept++] = batch->suspect[i];
	batch->count = kept;
}

static bool is_dead(const struct suspect *d)
{
	/* born_ns of a reservation is its maker's, or a later time. */
	pid_t pid = d->state == SLOT_RESERVED ? d->creator : d->pid;

	return procfs_life(pid, d->born_ns) != PROCFS_ALIVE;
}

/*
 * The kernel tells when a process began to a tick of 10 ms: one that got its number sooner after another's
 * birth passes for that one. But a number belongs to one process only, so of two slots that have it the one
 * that was bound first is a dead one's.
 */
static void look_for_heirs(const struct ledger *ledger, struct batch *batch)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];
		pid_t pid = atomic_load_explicit(&s->pid, memory_order_relaxed);
		pid_t outer = atomic_load_explicit(&s->outer_pid, memory_order_relaxed);

		/* In which pid namespace is seen under the lock. */
		for (uint32_t j = 0; pid && j < batch->count; j++) {
			struct suspect *d = &batch->suspect[j];

			if ((d->pid == pid || d->pid == outer) && d->index != i && d->state != SLOT_RESERVED)
				d->heir = i;
		}
	}
}

/* Under the lock again: which of the two is the living one's. */
static bool has_heir(const struct ledger *ledger, const struct suspect *d, uint64_t pid_namespace)
{
	const struct slot *s = &ledger->slot[d->heir];

	return slots_is_bound(s) && slots_pid_in(s, pid_namespace) == d->pid && s->born_ns > d->born_ns;
}

/* Without the lock: the only part that takes its time. */
static void keep_the_dead(struct batch *batch)
{
	uint32_t dead = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct suspect *d = &batch->suspect[i];

		/* The mark of one that is about to die may be no exec's, and its other threads still run. */
		d->has_executed =
			d->has_executed && d->heir == LEDGER_NONE && !is_dead(d) && !procfs_is_ending(d->pid);
		if (is_dead(d))
			d->heir = LEDGER_NONE;
		else if (!d->has_executed && d->heir == LEDGER_NONE)
			continue;
		/* When it was born is not known: it stands here for the length of a call only. */
		if (d->is_claimed && d->state != SLOT_RESERVED)
			d->creator_is_alive = d->creator == raw_getpid() ||
					      procfs_life(d->creator, INT64_MAX / 2) == PROCFS_ALIVE;
		batch->suspect[dead++] = *d;
	}
	batch->count = dead;
}

/* Under the lock again: whether the slot is still that process's. */
static bool is_unchanged(const struct slot *s, const struct suspect *d, uint64_t pid_namespace)
{
	return state_of(s) == d->state && slots_pid_in(s, pid_namespace) == d->pid &&
	       s->creator == d->creator && s->born_ns == d->born_ns;
}

/* Under the lock. A guarded program that starts there does it itself. */
static void give_back_what_exec_freed(struct ledger *ledger, uint32_t index)
{
	struct slot *s = &ledger->slot[index];

	if (!has_executed(s))
		return;
	slots_return_leases(ledger, index);
	atomic_store_explicit(&s->executed, 0, memory_order_relaxed);
}

/* Under the lock. What a dead process leaves: until the call that made it is over, the place is that call's.
 */
static uint32_t bury(struct ledger *ledger, struct batch *batch, uint64_t pid_namespace)
{
	uint32_t closed = 0;

	for (uint32_t i = 0; i < batch->count; i++) {
		struct suspect *d = &batch->suspect[i];
		struct slot *s = &ledger->slot[d->index];
		bool was_first = s->pid_namespace != pid_namespace &&
				 atomic_load_explicit(&s->pid, memory_order_relaxed) == 1;

		if (!is_unchanged(s, d, pid_namespace) ||
		    (d->heir != LEDGER_NONE && !has_heir(ledger, d, pid_namespace)))
			continue;
		d->account = s->account;
		if (d->has_executed) {
			give_back_what_exec_freed(ledger, d->index);
			continue;
		}
		d->is_lost = d->state != SLOT_RESERVED &&
			     !atomic_exchange_explicit(&s->end_told, 1, memory_order_relaxed);
		if (was_first)
			slots_close_namespace(ledger, d->index);
		else if (is_claimed(s) && d->creator_is_alive)
			slots_vacate(ledger, d->index);
		else
			slots_close(ledger, d->index);
		closed++;
	}
	return closed;
}

/* Without the lock, because it writes a file. */
static void tell_of_the_lost(const struct ledger *ledger, const struct batch *batch)
{
	for (uint32_t i = 0; i < batch->count; i++)
		if (batch->suspect[i].is_lost)
			trace_lost(ledger, batch->suspect[i].account, batch->suspect[i].pid);
}

/* Whether another look at those that leave is worth its while. */
static void note_leaving(struct ledger *ledger, uint64_t pid_namespace)
{
	uint32_t end, leaving = 0;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	for (uint32_t i = 0; i < end && !leaving; i++)
		leaving =
			(is_leaving(&ledger->slot[i]) && slots_is_visible(&ledger->slot[i], pid_namespace)) ||
			is_executing(&ledger->slot[i]);
	atomic_store_explicit(&ledger->leaving, leaving, memory_order_relaxed);
	ledger_unlock(ledger, &mask);
}

/* Return: how many of them were closed. */
static uint32_t close_dead(struct ledger *ledger, struct batch *batch, uint64_t pid_namespace)
{
	uint32_t closed;
	uint64_t mask;

	keep_the_suspicious(batch);
	if (!batch->count)
		return 0;
	look_for_heirs(ledger, batch);
	keep_the_dead(batch);
	ledger_lock(ledger, &mask);
	closed = bury(ledger, batch, pid_namespace);
	ledger_unlock(ledger, &mask);
	tell_of_the_lost(ledger, batch);
	return closed;
}

static bool may_be_told_by_number(const struct ledger *ledger, const struct slot *s, pid_t maker)
{
	/* Whoever writes a timeline, or knows what a number means elsewhere, takes his time. */
	return state_of(s) == SLOT_LIVE && s->creator == maker && s->claim == CLAIM_NONE &&
	       !trace_is_on(ledger, s->account) &&
	       !atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed);
}

void sweep_last_child(struct ledger *ledger, uint32_t parent)
{
	const struct slot *p = &ledger->slot[parent], *s;

	if (!p->last_child)
		return;
	s = &ledger->slot[p->last_child - 1];
	if (may_be_told_by_number(ledger, s, atomic_load_explicit(&p->pid, memory_order_relaxed)) &&
	    raw_kill(atomic_load_explicit(&s->pid, memory_order_relaxed), 0) == -ESRCH)
		slots_close(ledger, p->last_child - 1);
}

static uint32_t changes_of(const struct ledger *ledger)
{
	return atomic_load_explicit(&ledger->slots_changed, memory_order_acquire);
}

uint32_t sweep_dead(struct ledger *ledger, enum sweep_kind kind)
{
	uint64_t pid_namespace = slots_own_namespace(ledger);
	uint32_t from = 0, closed = 0;
	struct batch batch;
	uint64_t mask;

	do {
		ledger_lock(ledger, &mask);
		from = collect(ledger, kind, pid_namespace, from, &batch);
		ledger_unlock(ledger, &mask);
		closed += close_dead(ledger, &batch, pid_namespace);
	} while (from < atomic_load_explicit(&ledger->slots_end, memory_order_relaxed));
	if (atomic_load_explicit(&ledger->leaving, memory_order_relaxed))
		note_leaving(ledger, pid_namespace);
	atomic_store_explicit(&ledger->changes_seen, changes_of(ledger), memory_order_relaxed);
	if (kind == SWEEP_ALL)
		atomic_store_explicit(&ledger->swept_ns, raw_clock_ns(CLOCK_MONOTONIC), memory_order_relaxed);
	return closed;
}

/* The kernel is not asked about numbers where it first has to be asked what they mean. */
static bool may_have_lost(const struct ledger *ledger)
{
	int64_t procs = ledger->account[0].procs;
	uint32_t seen = atomic_load_explicit(&ledger->changes_seen, memory_order_relaxed);

	return procs > 1 && changes_of(ledger) - seen >= procs / PROCS_PER_CHANGE &&
	       !atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed);
}

bool sweep_is_due_at_peak(const struct ledger *ledger)
{
	return atomic_load_explicit(&ledger->leaving, memory_order_relaxed) || may_have_lost(ledger);
}

bool sweep_wish(const struct ledger *ledger, struct sweep *sweep, enum sweep_kind kind)
{
	if (sweep->done >= kind)
		return false;
	sweep->wished = kind;
	sweep->changes = changes_of(ledger);
	return true;
}

bool sweep_wish_landing(struct sweep *sweep, int64_t in_flight)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	if (!sweep->give_up_ns)
		sweep->give_up_ns = now_ns + LANDING_NS;
	sweep->landing = now_ns < sweep->give_up_ns;
	sweep->in_flight = in_flight;
	return sweep->landing;
}

/* A realloc takes microseconds, unless its thread has no processor. */
static void wait_for_landing(struct ledger *ledger, struct sweep *sweep)
{
	int64_t until_ns = sweep->give_up_ns;

	atomic_fetch_add_explicit(&ledger->landings, 1, memory_order_relaxed);
	/* Or a new one would always be there. One waiter's mark may hide another's, who then waits longer. */
	atomic_store_explicit(&ledger->landing_until_ns, until_ns, memory_order_relaxed);
	/* Some may have landed and others begun: only another try tells. */
	for (int i = 0; i < LOOKS && leases_in_flight(ledger, NULL) >= sweep->in_flight; i++)
		raw_sleep_ns(LANDING_LOOK_NS);
	atomic_compare_exchange_strong_explicit(&ledger->landing_until_ns, &until_ns, 0, memory_order_relaxed,
						memory_order_relaxed);
	sweep->landing = false;
}

bool sweep_if_wished(struct ledger *ledger, struct sweep *sweep)
{
	enum sweep_kind kind = sweep->wished;

	if (sweep->landing) {
		wait_for_landing(ledger, sweep);
		return true;
	}
	if (kind == SWEEP_NONE)
		return false;
	sweep_dead(ledger, kind);
	sweep->wished = SWEEP_NONE;
	sweep->rounds++;
	sweep->done = kind == SWEEP_ALL && changes_of(ledger) != sweep->changes && sweep->rounds < ROUNDS
			      ? SWEEP_QUICK
			      : kind;
	return true;
}
