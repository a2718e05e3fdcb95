/*
 * record_text.c - the wording of the status record; see record_text.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "record_text.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "actions.h"
#include "attrs.h"
#include "cells.h"
#include "cputime.h"
#include "fmt_json.h"
#include "rawsys.h"

/* What is read of strings that others chose, so that the line fits RECORD_MAX however it is escaped. */
enum { CGROUP_SHOWN = 200, EXE_SHOWN = 200, SITE_SHOWN = 96, NAME_SHOWN = LEDGER_NAME };

enum unit { UNIT_SIZE, UNIT_TIME, UNIT_COUNT, UNIT_CONDITIONS, UNIT_LIBRARY };

static const enum unit LIMIT_UNITS[] = {
#define RL_LIMIT(id, key, kind, steps, support, help) UNIT_##kind,
#include "../contract/limits.def"
#undef RL_LIMIT
};

static void put_usage(struct fmt *f, const struct record_ending *ending)
{
	struct rusage self, children;

	if (ending->outside) {
		self = ending->outside->usage; /* of all that died and were waited for */
		memset(&children, 0, sizeof(children));
	} else {
		raw_getrusage(RUSAGE_SELF, &self);
		raw_getrusage(RUSAGE_CHILDREN, &children);
	}
	fmt_json_number(f, "user_ns", cputime_ns(&self.ru_utime) + cputime_ns(&children.ru_utime));
	fmt_json_number(f, "sys_ns", cputime_ns(&self.ru_stime) + cputime_ns(&children.ru_stime));
	fmt_json_number(f, "rss_peak_bytes",
			(self.ru_maxrss > children.ru_maxrss ? self.ru_maxrss : children.ru_maxrss) * 1024L);
}

/* What the kernel refused last, whether or not that is the verdict. */
static void put_oserror(struct fmt *f, const struct account *a, const struct record_outside *outside)
{
	int error = a->kernel_refusal.error;
	const char *call = a->kernel_refusal.call;

	if (outside && outside->exec_error) {
		error = outside->exec_error;
		call = "execve";
	} else if (outside && outside->was_oom) {
		error = ENOMEM;
		call = "oom-killer";
	}
	if (!error)
		return;
	fmt_json_number(f, "errno", error);
	fmt_json_text(f, "failed_call", call, 32);
	if (a->kernel_refusal.count)
		fmt_json_number(f, "kernel_refusals", a->kernel_refusal.count);
}

static void put_survivors(struct fmt *f, const struct record_outside *outside)
{
	if (!outside || !outside->survivor_count)
		return;
	fmt_json_number(f, "survivors_total", outside->survivor_count);
	if (outside->survivors_left)
		fmt_json_number(f, "survivors_left", outside->survivors_left);
	fmt_json_open(f, "survivors", '[');
	for (int i = 0; i < outside->survivors_named; i++) {
		fmt_json_element(f);
		fmt_json_number(f, "pid", outside->survivor[i].pid);
		fmt_json_text(f, "comm", outside->survivor[i].comm, RECORD_COMM);
		fmt_char(f, '}');
	}
	fmt_char(f, ']');
}

/* The account that holds the budgets of the first process: under SCOPE=process its own. */
static const struct account *account_of_first(const struct ledger *ledger, uint32_t account)
{
	const struct account *a = &ledger->account[account];
	const struct account *own = &ledger->account[a->own_part];

	return own->config_hash == a->config_hash ? own : a;
}

static void put_limits(struct fmt *f, const struct ledger *ledger, uint32_t account)
{
	const struct account *a = &ledger->account[account];
	const struct account *own = account_of_first(ledger, account);

	fmt_json_open(f, "limits", '{');
	for (size_t i = 0; i < RL_LIMIT_COUNT; i++) {
		int64_t limit = a->limit[i];
		char name[32];
		struct fmt n = FMT_INIT(name);

		if (limit == RL_UNLIMITED)
			limit = own->limit[i];
		if (limit == RL_UNLIMITED)
			continue;
		fmt_str(&n, RECORD_LIMIT_KEYS[i]);
		fmt_str(&n, LIMIT_UNITS[i] == UNIT_SIZE	  ? "_bytes"
			    : LIMIT_UNITS[i] == UNIT_TIME ? "_ns"
							  : "");
		fmt_json_number(f, name, limit);
	}
	fmt_char(f, '}');
}

static void put_grades(struct fmt *f, const struct account *a)
{
	int64_t since_ns = atomic_load_explicit(&a->above_since_ns, memory_order_relaxed);
	int64_t lasting_ns = since_ns ? raw_clock_ns(CLOCK_MONOTONIC) - since_ns : 0;

	if (a->limit[RL_MEM_GROWTH] != RL_UNLIMITED)
		fmt_json_number(f, "mem_base_bytes", a->growth_base > 0 ? a->growth_base : 0);
	if (a->mem_grace_ns > 0) {
		fmt_json_number(f, "mem_spikes", a->spikes);
		fmt_json_number(f, "mem_spike_longest_ns",
				lasting_ns > a->spike_longest_ns ? lasting_ns : a->spike_longest_ns);
	}
	if (a->reserve)
		fmt_json_bool(f, "reserve_opened", a->reserve_open);
}

static void put_resident(struct fmt *f, const struct account *a)
{
	if (a->limit[RL_RSS] == RL_UNLIMITED && a->limit[RL_RSS_GROWTH] == RL_UNLIMITED)
		return;
	fmt_json_number(f, "rss_tree_peak_bytes", a->rss_peak);
	fmt_json_number(f, "rss_base_bytes", a->rss_base > 0 ? a->rss_base : 0);
	fmt_json_number(f, "rss_samples", a->rss_samples);
	if (a->rss_base_exceeds)
		fmt_json_bool(f, "baseline_exceeds_limit", true);
}

static void put_denied(struct fmt *f, const struct account *a)
{
	const struct first_denial *d = &a->first_denial;

	fmt_json_open(f, "denied", '{');
	for (size_t i = 0; i < RL_LIMIT_COUNT; i++)
		if (a->denied[i])
			fmt_json_number(f, RECORD_LIMIT_KEYS[i], a->denied[i]);
	fmt_char(f, '}');
	if (!d->set)
		return;
	fmt_json_open(f, "first_denial", '{');
	fmt_json_text(f, "call", d->call, sizeof(d->call));
	if (d->amount)
		fmt_json_number(f, "bytes", d->amount);
	if (d->site[0])
		fmt_json_text(f, "site", d->site, SITE_SHOWN);
	if (d->build_id[0])
		fmt_json_text(f, "build_id", d->build_id, sizeof(d->build_id));
	fmt_json_number(f, "tid", d->tid);
	fmt_json_number(f, "at_ns", d->at_ns);
	fmt_char(f, '}');
}

/* Which condition did not hold, if that is the cause. */
static void put_condition(struct fmt *f, const struct account *a)
{
	uint32_t breach = atomic_load_explicit(&a->breach, memory_order_acquire);

	if (breach != RL_WATCH + 1)
		return;
	fmt_json_open(f, "condition", '{');
	fmt_json_text(f, "text", a->observed.condition, sizeof(a->observed.condition));
	fmt_json_number(f, "value", a->observed.value);
	fmt_json_number(f, "pid", a->observed.pid);
	fmt_char(f, '}');
}

/* The plug-in, and how its host fared. */
static void put_plugin(struct fmt *f, const struct account *a)
{
	static const char *const STATES[] = {"none", "starting", "failed", "running", "hung", "crashed"};
	const struct plugin *p = &a->plugin;

	if (a->limit[RL_PLUGIN] == RL_UNLIMITED)
		return;
	fmt_json_open(f, "plugin", '{');
	fmt_json_text(f, "name", p->verdict + strlen(RECORD_VERDICT_CUSTOM), sizeof(p->verdict));
	fmt_json_text(f, "state",
		      STATES[atomic_load_explicit(&p->state, memory_order_relaxed) % RL_ARRAY_LEN(STATES)],
		      16);
	fmt_json_number(f, "pid", atomic_load_explicit(&p->pid, memory_order_relaxed));
	fmt_json_number(f, "checks", atomic_load_explicit(&p->checks, memory_order_relaxed));
	fmt_json_number(f, "kept", atomic_load_explicit(&p->kept, memory_order_relaxed));
	if (atomic_load_explicit(&a->breach, memory_order_acquire) == RL_PLUGIN + 1)
		fmt_json_number(f, "code", p->code);
	fmt_char(f, '}');
}

static void put_steps(struct fmt *f, const struct account *a)
{
	if (!a->step_count)
		return;
	fmt_json_open(f, "steps", '[');
	for (uint32_t i = 0; i < a->step_count; i++) {
		fmt_json_element(f);
		fmt_json_number(f, "at_ns", a->step[i].at_ns);
		fmt_json_text(f, "step", action_step_name(a->step[i].signal), 16);
		if (a->step[i].skipped) {
			fmt_json_bool(f, "skipped", true);
		}
		fmt_char(f, '}');
	}
	fmt_char(f, ']');
}

static void put_coverage(struct fmt *f, const struct ledger *ledger, const char *heap,
			 const struct record_outside *outside)
{
	static const struct {
		uint32_t bit;
		const char *word;
	} NOTES[] = {
		{LEDGER_CELLS_FULL, "threads-without-cell"},
		{LEDGER_SLOTS_FULL, "process-table-full"},
		{LEDGER_UNRESERVED, "unannounced-process"},
		{LEDGER_FENCE_REFUSED, "membarrier-refused"},
		{LEDGER_NAMESPACE, "pid-namespace"},
		{LEDGER_RAW_THREADS, "raw-threads"},
		{LEDGER_LIBC_THREADS, "libc-threads"},
		{LEDGER_RSS_UNSEEN, "rss-unseen"},
		{LEDGER_SECCOMP, "seccomp"},
	};
	uint32_t degraded = atomic_load_explicit(&ledger->degraded, memory_order_relaxed);
	bool is_unguarded = outside && outside->is_unguarded;
	bool any = false;

	fmt_json_open(f, "coverage", '{');
	fmt_json_text(f, "heap", is_unguarded ? "none" : heap, 16);
	fmt_json_text(f, "mappings", is_unguarded ? "none" : "full", 16);
	fmt_json_text(f, "procs", is_unguarded || degraded & LEDGER_UNRESERVED ? "partial" : "full", 16);
	fmt_json_text(f, "reclaim",
		      atomic_load_explicit(&ledger->fenced, memory_order_relaxed) ? "atomics" : "membarrier",
		      16);
	fmt_char(f, '}');
	fmt_json_open(f, "escapes", '[');
	if (is_unguarded) {
		fmt_json_str(f, "unguarded-program", 32);
		any = true;
	}
	for (size_t i = 0; i < RL_ARRAY_LEN(NOTES); i++) {
		if (!(degraded & NOTES[i].bit))
			continue;
		if (any)
			fmt_char(f, ',');
		fmt_json_str(f, NOTES[i].word, 32);
		any = true;
	}
	fmt_char(f, ']');
}

static void put_exe(struct fmt *f, const struct account *a, const struct record_ending *ending)
{
	char exe[EXE_SHOWN + 1];
	long len;

	if (ending->outside) {
		fmt_json_text(f, "exe", a->exe, EXE_SHOWN);
		return;
	}
	len = raw_readlink("/proc/thread-self/exe", exe, sizeof(exe) - 1);
	exe[len > 0 ? len : 0] = '\0';
	fmt_json_text(f, "exe", exe, EXE_SHOWN);
}

static void put_verdict(struct fmt *f, const struct ledger *ledger, uint32_t account,
			const struct record_ending *ending)
{
	bool certain;
	const char *verdict = record_verdict(ledger, account, ending, &certain);
	const struct account *cause = record_cause(ledger, account);

	fmt_json_text(f, "verdict", verdict, 32);
	fmt_json_bool(f, "certain", certain);
	if (cause != &ledger->account[account] &&
	    cause != &ledger->account[ledger->account[account].own_part])
		fmt_json_text(f, "limit_of", cause->name[0] ? cause->name : "outer", NAME_SHOWN);
	put_oserror(f, &ledger->account[account], ending->outside);
	if (!ending->signal)
		fmt_json_number(f, "exit_code", ending->exit_code);
	fmt_json_number(f, "signal", ending->signal);
	if (ending->outside && ending->signal)
		fmt_json_bool(f, "core_dumped", ending->outside->dumped_core);
}

/* What the threads did before the first step: as many of them as there is room for. */
static void put_stacks(struct fmt *f, const struct account *a)
{
	enum { CLOSING = sizeof(",\"top\":[]}}\n") };
	uint32_t pieces = atomic_load_explicit(&a->stacks_pieces, memory_order_acquire);
	const char *at = a->stacks_text, *end = at + sizeof(a->stacks_text);

	for (uint32_t i = 0; i < pieces; i++) {
		size_t len = strnlen(at, (size_t)(end - at));

		if (f->len + len + CLOSING + 1 > RECORD_MAX || at + len == end) {
			pieces = i;
			break;
		}
		if (i != 1)
			fmt_char(f, ',');
		else
			fmt_str(f, ",\"top\":[");
		fmt_str(f, at);
		at += len + 1;
	}
	if (pieces)
		fmt_str(f, pieces > 1 ? "]}" : "}");
}

void record_text(struct fmt *f, struct ledger *ledger, uint32_t account, const struct record_ending *ending,
		 const char *heap_coverage)
{
	const struct account *a = &ledger->account[account];
	const struct record_outside *outside = ending->outside;

	fmt_char(f, '{');
	fmt_json_number(f, "reslimit", RECORD_VERSION);
	if (a->name[0])
		fmt_json_text(f, "name", a->name, NAME_SHOWN);
	if (!outside || outside->pid > 0)
		fmt_json_number(f, "pid", outside ? outside->pid : raw_getpid());
	put_exe(f, a, ending);
	put_verdict(f, ledger, account, ending);
	fmt_json_number(f, "wall_ns",
			(outside ? outside->at_ns : raw_clock_ns(CLOCK_MONOTONIC)) - a->start_ns);
	fmt_json_number(f, "wall_stopped_ns", account_of_first(ledger, account)->stopped_ns);
	fmt_json_number(f, "cpu_ns",
			outside ? outside->cpu_ns : cputime_of_account(ledger, account, a->root));
	put_usage(f, ending);
	fmt_json_number(f, "mem_peak_bytes", a->mem_peak);
	fmt_json_number(f, "mem_end_bytes",
			outside ? outside->mem_end_bytes : cells_charged_to_account(ledger, account));
	fmt_json_number(f, "threads_peak", a->threads_peak);
	fmt_json_number(f, "procs_peak", a->procs_peak);
	fmt_json_number(f, "procs_total", a->procs_total);
	put_grades(f, account_of_first(ledger, account));
	put_resident(f, account_of_first(ledger, account));
	put_limits(f, ledger, account);
	put_denied(f, a);
	put_condition(f, record_cause(ledger, account));
	put_plugin(f, a);
	put_steps(f, record_cause(ledger, account));
	put_survivors(f, outside);
	if (outside && outside->cgroup) {
		fmt_json_text(f, "cgroup", outside->cgroup, CGROUP_SHOWN);
		fmt_json_text(f, "cgroup_walls", outside->cgroup_walls, CGROUP_SHOWN);
	}
	if (outside && outside->capture) {
		fmt_json_key(f, "capture");
		fmt_str(f, outside->capture);
	}
	put_coverage(f, ledger, outside && a->heap_bypassed ? "bypassed" : heap_coverage, outside);
	put_stacks(f, record_cause(ledger, account));
	fmt_str(f, "}\n");
}
