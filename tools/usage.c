/*
 * usage.c - what a guarded tree uses now; see usage.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "usage.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/accounts.h"
#include "core/attrs.h"
#include "core/cells.h"
#include "core/rawsys.h"
#include "core/record_text.h"
#include "core/slots.h"
#include "core/vacancy.h"

static int64_t cpu_of_slot(const struct slot *s, uint64_t pid_namespace)
{
	pid_t pid = slots_pid_in(s, pid_namespace);
	int64_t seen_ns = s->cpu_ns;
	int64_t now_ns = pid ? raw_clock_ns(raw_cpu_clock_of(pid)) : 0;

	/* A dead process's clock is gone, and of one without a number here there is none: what was seen last
	 * stands. */
	if (now_ns > seen_ns)
		seen_ns = now_ns;
	return seen_ns > s->cpu_base_ns ? seen_ns - s->cpu_base_ns : 0;
}

static int64_t cpu_of_members(const struct ledger *ledger, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace = slots_own_namespace(ledger);
	int64_t sum_ns = 0;

	for (uint32_t i = 0; i < end; i++)
		if (slots_is_member(ledger, i, account))
			sum_ns += cpu_of_slot(&ledger->slot[i], pid_namespace);
	return sum_ns;
}

static void read_state(const struct account *a, struct usage *u)
{
	uint32_t breach = atomic_load_explicit(&a->breach, memory_order_acquire);
	uint32_t cause = breach ? breach : a->last_denied;

	u->state = USAGE_RUNS;
	u->cause = NULL;
	if (!cause || cause > RL_LIMIT_COUNT)
		return;
	u->cause = RECORD_LIMIT_KEYS[cause - 1];
	u->state = !breach						     ? USAGE_REFUSED
		   : atomic_load_explicit(&a->killing, memory_order_relaxed) ? USAGE_KILLING
									     : USAGE_STEPS;
}

/* The number here of the process that the account was opened for; 0 if it has none, or is gone. */
static pid_t first_process(const struct ledger *ledger, const struct account *a)
{
	return a->root < LEDGER_SLOTS ? slots_pid_in(&ledger->slot[a->root], slots_own_namespace(ledger)) : 0;
}

static void read_exe(pid_t pid, char *exe, size_t size)
{
	char link[32];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", pid);
	len = readlink(link, exe, size - 1);
	exe[len > 0 ? len : 0] = '\0';
}

static int64_t larger(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

void usage_read(const struct ledger *ledger, uint32_t account, int64_t now_ns, struct usage *u)
{
	const struct account *a = &ledger->account[account];
	int64_t start_ns = a->start_ns ? a->start_ns : now_ns;

	u->pid = a->root_pid;
	u->account = account;
	u->parent = a->parent;
	u->name = a->name;
	read_exe(first_process(ledger, a), u->exe, sizeof(u->exe));
	u->bytes.used = cells_charged_to_account(ledger, account);
	u->bytes.peak = larger(a->mem_peak, u->bytes.used);
	u->bytes.limit = a->limit[RL_MEM];
	u->threads.used = vacancy_threads_in(ledger, account);
	u->threads.peak = larger(a->threads_peak, u->threads.used);
	u->threads.limit = a->limit[RL_THREADS];
	u->procs.used = account_procs_beside_first(a);
	u->procs.peak = larger(a->procs_peak, u->procs.used);
	u->procs.limit = a->limit[RL_PROCS];
	u->stopped_ns = a->stopped_ns;
	u->wall_ns = (struct usage_gauge){now_ns - start_ns - a->stopped_ns, -1, a->limit[RL_WALL]};
	u->cpu_ns = (struct usage_gauge){larger(0, a->cpu_dead_ns + cpu_of_members(ledger, account)), -1,
					 a->limit[RL_CPU]};
	read_state(a, u);
}

const char *usage_state_name(enum usage_state state)
{
	static const char *const NAMES[] = {"running", "refused", "stopping", "killing"};

	return NAMES[state];
}

const char *usage_count_text(int64_t count, char text[USAGE_TEXT])
{
	snprintf(text, USAGE_TEXT, "%lld", (long long)count);
	return text;
}

const char *usage_size_text(int64_t bytes, char text[USAGE_TEXT])
{
	static const char UNITS[] = "KMGTPE";
	double value = (double)bytes;
	int unit = -1;

	if (bytes < 1024)
		return usage_count_text(bytes, text);
	/* 1023.96K would be shown as 1024.0K. */
	while (value >= 1023.95 || unit < 0) {
		value /= 1024;
		unit++;
	}
	if (value == (double)(int64_t)value)
		snprintf(text, USAGE_TEXT, "%.0f%c", value, UNITS[unit]);
	else
		snprintf(text, USAGE_TEXT, "%.1f%c", value, UNITS[unit]);
	return text;
}

const char *usage_time_text(int64_t ns, char text[USAGE_TEXT])
{
	int64_t tenths = ns / 100000000, s = tenths / 10;

	if (s >= 3600)
		snprintf(text, USAGE_TEXT, "%lld:%02d:%02d", (long long)(s / 3600), (int)(s / 60 % 60),
			 (int)(s % 60));
	else if (s >= 60)
		snprintf(text, USAGE_TEXT, "%d:%02d", (int)(s / 60), (int)(s % 60));
	else if (tenths % 10)
		snprintf(text, USAGE_TEXT, "%d.%ds", (int)s, (int)(tenths % 10));
	else
		snprintf(text, USAGE_TEXT, "%ds", (int)s);
	return text;
}
