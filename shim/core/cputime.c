/*
 * cputime.c - processor time of a tree; see cputime.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cputime.h"

#include <stdatomic.h>

#include "accounts.h"
#include "ledger_lock.h"
#include "procfs.h"
#include "procread.h"
#include "rawsys.h"
#include "slots.h"
#include "vacancy.h"

/* How long a sum stands, for each process that it took in: ten times what it costs. */
enum { SUM_KEEPS_NS = 10000 };

/* Of what /proc tells of children's time: it counts in ticks. */
enum {
	CHILDREN_NS = 10000000,
	CHILDREN_NEAR_NS = 3000000,  /* of the limit: a look takes the time that is left */
	CHILDREN_LATE_NS = 20000000, /* after which it does not matter */
	COST_SHARE = 20,	     /* of the time may go into looking */
};

static bool read_thread_clock(void *unused, int64_t tid)
{
	(void)unused;
	raw_clock_ns(raw_cpu_clock_of_thread((pid_t)tid));
	return true;
}

void cputime_refresh(const struct ledger *ledger, uint32_t self)
{
	if (vacancy_threads_of(&ledger->slot[self]))
		procread_numbers("/proc/self/task", read_thread_clock, NULL);
	else
		read_thread_clock(NULL, raw_getpid());
}

/* Under the lock, as the process may have gone and its place be another's. */
static void note_children(struct ledger *ledger, struct slot *s, pid_t pid, int64_t ns)
{
	uint64_t mask;

	ledger_lock(ledger, &mask);
	if (slots_pid_in(s, slots_own_namespace(ledger)) == pid && ns > s->children_ns)
		s->children_ns = ns;
	ledger_unlock(ledger, &mask);
}

void cputime_refresh_children(struct ledger *ledger, uint32_t account, int64_t now_ns)
{
	static int64_t next_ns; /* a supervisor has one thread that looks */
	const struct account *a = &ledger->account[account];
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace = slots_own_namespace(ledger);
	int64_t cost_ns;

	/* Of all of them, as the next look may be for another account. */
	while (ledger->account[account].parent != LEDGER_NONE)
		account = ledger->account[account].parent;
	if (now_ns < next_ns ||
	    (a->limit[RL_CPU] - a->cpu_sum_ns < CHILDREN_NEAR_NS && now_ns < next_ns + CHILDREN_LATE_NS))
		return;
	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &ledger->slot[i];
		pid_t pid = slots_is_member(ledger, i, account) ? slots_pid_in(s, pid_namespace) : 0;
		int64_t ns = pid ? procfs_children_ns(pid) : 0;

		if (ns > s->children_ns)
			note_children(ledger, s, pid, ns);
	}
	cost_ns = raw_clock_ns(CLOCK_MONOTONIC) - now_ns;
	next_ns = now_ns + (COST_SHARE * cost_ns > CHILDREN_NS ? COST_SHARE * cost_ns : CHILDREN_NS);
}

int64_t cputime_of_children(void)
{
	struct rusage usage;

	if (raw_getrusage(RUSAGE_CHILDREN, &usage) < 0)
		return 0;
	return cputime_ns(&usage.ru_utime) + cputime_ns(&usage.ru_stime);
}

/* What a process has used itself, and whether it is there to be asked from that pid namespace. */
static int64_t time_of_slot(struct slot *s, uint64_t pid_namespace, bool *is_there)
{
	pid_t pid = slots_pid_in(s, pid_namespace);
	int64_t now_ns;

	*is_there = false;
	if (!pid)
		return s->cpu_ns - s->cpu_base_ns;
	now_ns = raw_clock_ns(raw_cpu_clock_of(pid));
	*is_there = now_ns >= 0;
	/* A dead process's clock is gone: what was seen last stands. A recycled pid begins at 0. */
	if (now_ns > s->cpu_ns)
		s->cpu_ns = now_ns;
	return s->cpu_ns - s->cpu_base_ns;
}

/*
 * Two sums, each of which may miss something and neither counts anything twice.
 *
 * By slots: the living by their clocks, the dead by what was last seen of them,
 * which is little of a process that was killed between two looks, and nothing of
 * one that no hook announced. By families: the living, and what the kernel told
 * them of the children that they waited for, to the nanosecond and with their
 * children; a process that is there has not been waited for. That misses orphans.
 */
static int64_t sum_members(struct ledger *ledger, uint32_t account, uint32_t self)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace = slots_namespace_of(ledger, self);
	const struct account *a = &ledger->account[account];
	int64_t slots_ns = a->cpu_dead_ns, families_ns = -a->cpu_before_ns;

	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &ledger->slot[i];
		int64_t own_ns;
		bool is_there;

		if (!slots_is_member(ledger, i, account))
			continue;
		own_ns = time_of_slot(s, pid_namespace, &is_there);
		slots_ns += own_ns;
		if (is_there)
			families_ns += own_ns + s->children_ns - s->children_base_ns;
	}
	return slots_ns > families_ns ? slots_ns : families_ns;
}

/* What the calling process has used since it was last asked goes into every sum that stands. */
static void add_own(struct ledger *ledger, uint32_t self)
{
	struct slot *s = &ledger->slot[self];
	int64_t before_ns = s->cpu_ns;
	bool is_there;

	time_of_slot(s, s->pid_namespace, &is_there);
	FOR_EACH_ACCOUNT_UP(ledger, s->account, a)
	if (a->cpu_summed_ns)
		a->cpu_sum_ns += s->cpu_ns - before_ns;
}

int64_t cputime_of_account(struct ledger *ledger, uint32_t account, uint32_t self)
{
	struct account *a = &ledger->account[account];
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t sum_ns;

	if (self != LEDGER_NONE &&
	    atomic_load_explicit(&ledger->slot[self].pid, memory_order_relaxed) == raw_getpid()) {
		/* Before any clock is read: who is waited for from here on is missed, and not counted twice.
		 */
		ledger->slot[self].children_ns = cputime_of_children();
		add_own(ledger, self);
	}
	/* Every process's watchdog asks; a sum takes its time with many of them, and serves them all. */
	if (now_ns - a->cpu_summed_ns < a->procs * SUM_KEEPS_NS)
		return a->cpu_sum_ns;
	sum_ns = sum_members(ledger, account, self);
	/* A process that has died may have told more by its clock than its parent has by now. */
	if (sum_ns > a->cpu_sum_ns)
		a->cpu_sum_ns = sum_ns;
	a->cpu_summed_ns = now_ns;
	return a->cpu_sum_ns;
}
