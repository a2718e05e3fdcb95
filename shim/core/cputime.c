/*
 * cputime.c - processor time of a tree; see cputime.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cputime.h"

#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "rawsys.h"
#include "units.h"

/* How long a sum stands, for each process that it took in: ten times what it costs. */
enum { SUM_KEEPS_NS = 10000 };

static void read_thread_clock(int64_t tid)
{
	raw_clock_ns(raw_cpu_clock_of_thread((pid_t)tid));
}

static void read_all_thread_clocks(void)
{
	char buffer[1024] __attribute__((aligned(8)));
	int fd = raw_open("/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
	long len;

	while (fd >= 0 && (len = raw_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < len;) {
			const struct raw_directory_entry *e =
				(const struct raw_directory_entry *)(buffer + at);
			int64_t tid;

			if (units_count(e->name, strlen(e->name), &tid) == 0)
				read_thread_clock(tid);
			at += e->len;
		}
	}
	if (fd >= 0)
		raw_close(fd);
}

/*
 * The kernel's sum for a process leaves out what its threads used on other
 * processors since the last tick, up to 4 ms each. Asking for a thread's own
 * clock brings it up to date, but only its own process may ask.
 */
static void bring_own_up_to_date(const struct ledger *ledger, uint32_t self)
{
	if (ledger->slot[self].threads)
		read_all_thread_clocks();
	else
		read_thread_clock(raw_getpid());
}

static int64_t time_of_slot(const struct ledger *ledger, uint32_t self, struct slot *s)
{
	int64_t now_ns;

	if (self != LEDGER_NONE && s->pid_namespace != ledger->slot[self].pid_namespace)
		return s->cpu_ns - s->cpu_base_ns;
	now_ns = raw_clock_ns(raw_cpu_clock_of(atomic_load_explicit(&s->pid, memory_order_relaxed)));
	/* A dead process's clock is gone: what was seen last stands. A recycled pid begins at 0. */
	if (now_ns > s->cpu_ns)
		s->cpu_ns = now_ns;
	return s->cpu_ns - s->cpu_base_ns;
}

int64_t cputime_of_account(struct ledger *ledger, uint32_t account, uint32_t self)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	struct account *a = &ledger->account[account];
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t sum = a->cpu_dead_ns;

	/* Every process's watchdog asks; a sum takes its time with many of them, and serves them all. */
	if (now_ns - a->cpu_summed_ns < a->procs * SUM_KEEPS_NS)
		return a->cpu_sum_ns;
	if (self != LEDGER_NONE)
		bring_own_up_to_date(ledger, self);
	for (uint32_t i = 0; i < end; i++) {
		struct slot *s = &ledger->slot[i];
		uint32_t state = atomic_load_explicit(&s->state, memory_order_relaxed);

		if ((state == SLOT_LIVE || state == SLOT_LEAVING) &&
		    accounts_is_within(ledger, s->account, account))
			sum += time_of_slot(ledger, self, s);
	}
	a->cpu_sum_ns = sum;
	a->cpu_summed_ns = now_ns;
	return sum;
}
