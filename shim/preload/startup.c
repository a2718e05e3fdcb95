/*
 * startup.c - from the environment to a place in a tree; see startup.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "startup.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "core/accounts.h"
#include "core/attrs.h"
#include "core/cells.h"
#include "core/config.h"
#include "core/cputime.h"
#include "core/grades.h"
#include "core/leases.h"
#include "core/ledger_file.h"
#include "core/ledger_lock.h"
#include "core/logline.h"
#include "core/meter.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "core/sinks.h"
#include "core/slots.h"
#include "core/time_namespace.h"
#include "core/trace.h"
#include "core/tree.h"
#include "environment.h"
#include "growth.h"
#include "member.h"
#include "place.h"
#include "plugin_host.h"
#include "refusal.h"
#include "roots.h"

static void check_sinks(struct config *config)
{
	static struct sinks sinks RL_SELDOM;
	char why[REFUSAL_MAX];
	struct fmt reason = FMT_INIT(why);

	if (sinks_check(config, &sinks, &reason))
		refusal_end(why);
}

static void check_conditions(const struct config *config)
{
	const struct condition *unknown = watch_find_unknown(&config->watch);

	if (unknown)
		refusal_end_text(CONFIG_PREFIX "WATCH: condition '", unknown->text,
				 "' is about no number in /proc/self/status; name one that is there, or fds");
}

/* Reads RESLIMIT_ variables. Return: how many are set. */
static int read_config(struct config *config)
{
	char why[REFUSAL_MAX];
	struct fmt reason = FMT_INIT(why);
	int count;

	config_defaults(config);
	count = config_read_environ(config, environ, &reason);
	if (count < 0 || config_check(config, &reason))
		refusal_end(why);
	config_finish(config);
	return count;
}

static void hold_records(struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		if (a->root != slot || a->supervisor)
			continue;
		record_hold(ledger, (uint32_t)(a - ledger->account));
		logline_hold(a);
	}
}

static void begin_tree(const struct config *config)
{
	char why[REFUSAL_MAX];
	struct fmt reason = FMT_INIT(why);
	struct ledger *ledger;
	uint32_t account, slot;
	int error;

	error = ledger_create(&ledger);
	if (error) {
		ledger_explain(error, &reason);
		refusal_end(why);
	}
	/* Nobody else knows this ledger yet, so nobody locks it. The first account needs the slot's number,
	 * and the slot its account: both are 0. */
	slot = slots_open(ledger, LEDGER_NONE);
	slots_bind_self(ledger, slot);
	member.ledger = ledger;
	member.slot = slot;
	refusal_note_new_tree();
	account = tree_open(ledger, LEDGER_NONE, slot, config);
	if (account == LEDGER_NONE)
		refusal_end("no room in /dev/shm for the ledger's tables; make some");
	ledger->slot[slot].account = account;
	accounts_add_procs(ledger, account, 1);
}

/* New RESLIMIT_ variables on the way to this program: a budget within the one there is. Return: whether there
 * was room for it. */
static bool open_nested(struct ledger *ledger, uint32_t slot, struct config *config,
			const struct account *from)
{
	uint32_t outer = ledger->slot[slot].account;
	uint32_t inner = tree_open(ledger, outer, slot, config);

	if (inner == LEDGER_NONE)
		return false;
	for (uint32_t i = inner; i != outer; i = ledger->account[i].parent) {
		ledger->account[i].procs = 1;
		ledger->account[i].procs_total = 1;
	}
	ledger->slot[slot].account = inner;
	if (from)
		roots_take_descriptors(ledger, slot, from);
	return true;
}

static void begin_nested(struct ledger *ledger, uint32_t slot, struct config *config,
			 const struct account *from)
{
	uint64_t mask;
	bool opened;

	/* Those of the dead are free, once it is seen that they are dead. */
	for (int tries = 0; tries < 2; tries++) {
		ledger_lock(ledger, &mask);
		opened = open_nested(ledger, slot, config, from);
		ledger_unlock(ledger, &mask);
		if (opened || !sweep_dead(ledger, SWEEP_ALL))
			break;
	}
	if (!opened)
		refusal_end("no room for another nested budget; nest fewer");
}

static void join_tree(struct ledger *ledger, struct config *config, int settings)
{
	const struct account *outer, *from;
	uint32_t slot;

	slot = place_find(ledger);
	if (slot == LEDGER_NONE)
		refusal_end("the tree has too many processes for its ledger");
	outer = &ledger->account[ledger->slot[slot].account];
	from = accounts_find_settings(ledger, ledger->slot[slot].account, config->hash);
	if (settings && roots_begin_budget(ledger, slot, config)) {
		/* Without the lock, because these may end the process. */
		if (from) {
			roots_take_sinks(config, from);
		} else {
			roots_drop_inherited_fds(outer, config);
			check_sinks(config);
		}
		check_conditions(config);
		begin_nested(ledger, slot, config, from);
	}
	member.ledger = ledger;
	member.slot = slot;
}

/* Memory of before the guard counts: libraries that allocated, and this process's own start. */
static void charge_start(void)
{
	int64_t bytes = atomic_load_explicit(&member.boot_bytes, memory_order_relaxed);
	const struct account *a = &member.ledger->account[member.ledger->slot[member.slot].account];

	/* Here already, because a program that does not start by way of libc has no main that we see. */
	growth_begin(bytes > 0 ? bytes : 0);
	if (bytes <= 0 || !cells_charge_direct(member.ledger, member.slot, bytes))
		return;
	if (a->limit[RL_MEM] < bytes)
		refusal_end_number(CONFIG_PREFIX "MEM=", a->limit[RL_MEM],
				   ": less than the program's libraries allocate before main; give more");
	refusal_end(grades_limit(a) == RL_MEM_GROWTH
			    ? CONFIG_PREFIX "MEM_GROWTH: no room is left in the tree for another program to "
					    "start; give more"
			    : CONFIG_PREFIX "MEM: no room is left in the tree for another program to start; "
					    "give more");
}

/* Before the clocks begin, and before anything of the program runs beside it. */
static void start_plugin(const struct config *config)
{
	char text[REFUSAL_MAX];
	struct fmt why = FMT_INIT(text);

	fmt_str(&why, ": ");
	if (!config->plugin || !plugin_host_start(member.ledger, member.slot, config, &why))
		return;
	refusal_end_text(CONFIG_PREFIX "PLUGIN=", config->plugin, text);
}

/* Whether the account's clocks are this process's to start. */
static bool awaits_us(const struct account *a)
{
	/* A supervisor has started them, in case that we are never loaded. */
	bool is_provisional = a->supervisor && !atomic_load_explicit(&a->joined, memory_order_relaxed);

	return a->root == member.slot && (!a->start_ns || is_provisional);
}

/* The clocks of accounts whose first process this is begin as late as possible: at main. */
static void start_clocks(void)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	struct slot *slot = &member.ledger->slot[member.slot];
	bool first = false;

	FOR_EACH_ACCOUNT_UP(member.ledger, slot->account, a)
	{
		if (!awaits_us(a))
			continue;
		accounts_start_clock(a, now_ns);
		/* What the process used before is the outer account's. */
		if (slot->cpu_base_ns) {
			int64_t before_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID) - slot->cpu_base_ns;

			a->cpu_dead_ns -= before_ns;
			a->cpu_before_ns = before_ns + cputime_of_children() - slot->children_base_ns;
		}
		first = true;
		logline(a, "start", a->name, member.pid);
		trace_event(member.ledger, (uint32_t)(a - member.ledger->account), "start",
			    {"pid", NULL, member.pid}, {"name", a->name, 0});
	}
	if (first && !slot->cpu_base_ns) {
		slot->cpu_base_ns = raw_clock_ns(CLOCK_PROCESS_CPUTIME_ID);
		slot->children_base_ns = slot->children_ns = cputime_of_children();
	}
	if (first)
		tree_kick_supervisor(member.ledger, slot->account);
}

/* What a supervisor cannot see from outside; again after each exec. */
static void report_to_supervisor(void)
{
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		long len;

		if (a->root != member.slot || !a->supervisor)
			continue;
		len = raw_readlink("/proc/self/exe", a->exe, sizeof(a->exe) - 1);
		a->exe[len > 0 ? len : 0] = '\0';
		a->heap_bypassed = member.heap_is_bypassed;
		atomic_store_explicit(&a->joined, ACCOUNT_JOINED, memory_order_release);
	}
}

static void enter_tree(struct config *config, int settings)
{
	const char *path = environment_ledger(environ);
	struct ledger *ledger;
	int error = path ? ledger_open(path, &ledger) : -ENOENT;

	/* As another user, under a filter; in another root it may be there under no name. */
	if (error && path && !ledger_open_passed(path, &ledger))
		error = 0;
	if (error && error != -ENOENT)
		refusal_end_text(
			CONFIG_LEDGER_VARIABLE "=", path,
			": not a ledger that this user may use; unset it to begin a tree of its own");
	if (!error) {
		time_namespace_enter(ledger);
		join_tree(ledger, config, settings);
		return;
	}
	if (!settings)
		return;
	check_sinks(config);
	check_conditions(config);
	roots_enter(config);
	begin_tree(config);
}

void startup_run(void)
{
	struct config config;
	int settings = read_config(&config);

	enter_tree(&config, settings);
	if (!member.ledger) {
		member.phase = PHASE_IDLE;
		return;
	}
	member.pid = raw_getpid();
	leases_register_fence(member.ledger);
	hold_records(member.ledger, member.slot);
	if (environment_publish(member.ledger->path))
		refusal_end("no memory for the environment");
	start_plugin(&config);
	start_clocks();
	trace_process(member.ledger, member.ledger->slot[member.slot].account, "exec");
	report_to_supervisor();
	charge_start();
	member.phase = PHASE_RUNNING;
}
