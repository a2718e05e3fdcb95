/*
 * trace.c - a timeline, one line of JSON per event; see trace.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "trace.h"

#include <stdatomic.h>
#include <sys/wait.h>

#include "accounts.h"
#include "attrs.h"
#include "cells.h"
#include "cputime.h"
#include "fmt_json.h"
#include "ledger_lock.h"
#include "placeholders.h"
#include "quiet_write.h"
#include "rawsys.h"
#include "resident.h"
#include "sweep.h"
#include "tree.h"
#include "vacancy.h"

enum {
	LINE = 512,
	TEXT_SHOWN = 160,
	TICK_LEAST_NS = 1000000,
};

static void put_item(struct fmt *f, const struct trace_item *item)
{
	if (item->text)
		fmt_json_text(f, item->key, item->text, TEXT_SHOWN);
	else
		fmt_json_number(f, item->key, item->number);
}

static void write_line(const struct account *a, const char *line, size_t len)
{
	char path[LEDGER_PATH + LEDGER_NAME];
	struct fmt f = FMT_INIT(path);
	int fd;

	placeholders_expand(&f, a->trace, a);
	fd = quiet_open(path);
	if (fd < 0)
		return;
	quiet_write(fd, line, len);
	raw_close(fd);
}

static void put_line(const struct account *a, const char *event, const struct trace_item *items, size_t count)
{
	char line[LINE];
	struct fmt f = FMT_INIT(line);
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

	fmt_char(&f, '{');
	fmt_json_number(&f, "t_ns", a->start_ns ? now_ns - a->start_ns : 0);
	fmt_json_text(&f, "event", event, TEXT_SHOWN);
	for (size_t i = 0; i < count; i++)
		put_item(&f, &items[i]);
	fmt_str(&f, "}\n");
	if (!f.truncated)
		write_line(a, line, f.len);
}

void trace_items(const struct ledger *ledger, uint32_t account, const char *event,
		 const struct trace_item *items, size_t count)
{
	FOR_EACH_ACCOUNT_UP(ledger, account, a)
	if (a->trace[0])
		put_line(a, event, items, count);
}

bool trace_is_on(const struct ledger *ledger, uint32_t account)
{
	FOR_EACH_ACCOUNT_UP(ledger, account, a)
	if (a->trace[0])
		return true;
	return false;
}

void trace_process(const struct ledger *ledger, uint32_t account, const char *event)
{
	char exe[TEXT_SHOWN + 1];
	long len;

	if (!trace_is_on(ledger, account))
		return;
	len = raw_readlink("/proc/self/exe", exe, sizeof(exe) - 1);
	exe[len > 0 ? len : 0] = '\0';
	trace_event(ledger, account, event, {"pid", NULL, raw_getpid()}, {"ppid", NULL, raw_getppid()},
		    {"exe", exe, 0});
}

static void put_exit(const struct ledger *ledger, uint32_t account, pid_t pid, int code, bool by_signal)
{
	trace_event(ledger, account, "exit", {"pid", NULL, pid},
		    {by_signal ? "signal" : "exit_code", NULL, code});
}

void trace_exit(struct ledger *ledger, uint32_t slot, int code, bool by_signal)
{
	struct slot *s = &ledger->slot[slot];

	if (atomic_exchange_explicit(&s->end_told, 1, memory_order_relaxed))
		return;
	put_exit(ledger, s->account, atomic_load_explicit(&s->pid, memory_order_relaxed), code, by_signal);
}

void trace_lost(const struct ledger *ledger, uint32_t account, pid_t pid)
{
	siginfo_t info = {.si_pid = 0};

	if (!trace_is_on(ledger, account))
		return;
	/* A supervisor may find the place before it has waited for the process. */
	if (tree_supervisor(ledger, account) == raw_getpid() &&
	    !raw_syscall5(SYS_waitid, P_PID, pid, &info, WEXITED | WNOHANG | WNOWAIT, NULL) && info.si_pid)
		put_exit(ledger, account, pid, info.si_status, info.si_code != CLD_EXITED);
	else
		trace_event(ledger, account, "exit", {"pid", NULL, pid});
}

static int64_t next_tick(const struct account *a, int64_t now_ns)
{
	return now_ns + (a->tick_ns < TICK_LEAST_NS ? TICK_LEAST_NS : a->tick_ns);
}

static void take_sample(struct ledger *ledger, uint32_t account, uint32_t self)
{
	const struct account *a = &ledger->account[account];
	struct trace_item items[] = {{"mem_bytes", NULL, 0},
				     {"rss_bytes", NULL, 0},
				     {"threads", NULL, 0},
				     {"procs", NULL, 0},
				     {"cpu_ns", NULL, 0}};
	uint64_t mask;

	/* Who was killed is told of now, or with its record. */
	sweep_dead(ledger, SWEEP_ALL);
	ledger_lock(ledger, &mask);
	items[0].number = cells_charged_to_account(ledger, account);
	items[2].number = vacancy_threads_in(ledger, account);
	items[3].number = account_procs_beside_first(a);
	items[4].number = cputime_of_account(ledger, account, self);
	ledger_unlock(ledger, &mask);
	items[1].number = resident_of_members(ledger, account, self);
	put_line(a, "sample", items, RL_ARRAY_LEN(items));
}

int64_t trace_sample(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns)
{
	struct account *a = &ledger->account[account];
	int64_t next_ns = atomic_load_explicit(&a->trace_next_ns, memory_order_relaxed);

	if (!a->trace[0] || !a->start_ns)
		return INT64_MAX;
	if (now_ns < next_ns)
		return next_ns;
	/* Under a supervisor the clock begins again at main. */
	if (a->supervisor && !a->joined)
		return next_tick(a, now_ns);
	/* Every process has a watchdog; who moves the time on is who samples. */
	if (atomic_compare_exchange_strong_explicit(&a->trace_next_ns, &next_ns, next_tick(a, now_ns),
						    memory_order_relaxed, memory_order_relaxed))
		take_sample(ledger, account, self);
	return next_tick(a, now_ns);
}
