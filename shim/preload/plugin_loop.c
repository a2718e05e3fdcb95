/*
 * plugin_loop.c - what the host of a plug-in does; see plugin_loop.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "plugin_loop.h"

#include <dlfcn.h>
#include <errno.h>
#include <linux/close_range.h>
#include <linux/prctl.h>
#include <stdatomic.h>
#include <string.h>

#include "api/reslimit.h"
#include "contract/record.h"
#include "core/actions.h"
#include "core/config.h"
#include "core/ledger_lock.h"
#include "core/plugin.h"
#include "core/rawfutex.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "kernel_action.h"
#include "member.h"
#include "plugin_sample.h"
#include "real.h"

enum {
	SIGNALS = 64,
	FDS_WITHOUT_CLOSE_RANGE = 4096,
	LOOK_NS = 1000000000,	 /* the longest sleep: the tree may have been killed */
	LOOK_AGAIN_NS = 2000000, /* while it ends */
	LOOKS_UNTIL_GONE = 2,	 /* a child whose maker was killed takes its place a moment later */
};

/* The one plug-in of this process. */
static struct host {
	struct ledger *ledger;
	struct account *account;
	struct plugin *plugin;
	uint32_t index;
	pid_t pid;
	int timer; /* the kernel's, which ends this process */
	bool has_timer;
	void *state;
	int (*init)(const char *, void **);
	int (*check)(const struct reslimit_sample *, void *);
	int (*on_violation)(const struct reslimit_violation *, void *);
} host;

/* ---- A process that has nothing to do with the program ---- */

static void forget_signals(void)
{
	static const struct kernel_action by_default;
	static const uint64_t none;

	for (int signal = 1; signal <= SIGNALS; signal++)
		kernel_action_set(signal, &by_default, NULL);
	raw_sigmask(SIG_SETMASK, &none, NULL);
}

/* A pipe that stayed open here would keep its reader waiting. */
static void forget_descriptors(void)
{
	if (raw_syscall3(SYS_close_range, 0, ~0U, 0) < 0)
		for (int fd = 0; fd < FDS_WITHOUT_CLOSE_RANGE; fd++)
			raw_close(fd);
	for (int fd = 0; fd < 3; fd++)
		raw_syscall4(SYS_openat, AT_FDCWD, "/dev/null", O_RDWR, 0);
}

/* A program that the plug-in starts is none of the tree. */
static void forget_environment(void)
{
	char **to = environ;

	for (char **from = environ; *from; from++)
		if (strncmp(*from, "LD_PRELOAD=", strlen("LD_PRELOAD=")) != 0 &&
		    strncmp(*from, CONFIG_PREFIX, strlen(CONFIG_PREFIX)) != 0)
			*to++ = *from;
	*to = NULL;
}

/* Behind all else: a plug-in that hangs does not outlast this, whoever is left to see it. */
static void make_timer(void)
{
	struct sigevent event;

	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGKILL;
	host.has_timer = raw_syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &host.timer) == 0;
}

static void become_host(const struct plugin_job *job)
{
	member.phase = PHASE_IDLE;
	raw_syscall0(SYS_setsid);
	raw_syscall2(SYS_prctl, PR_SET_NAME, "reslimit-plugin");
	forget_signals();
	forget_descriptors();
	forget_environment();
	host.ledger = job->ledger;
	host.index = job->account;
	host.account = &job->ledger->account[job->account];
	host.plugin = &host.account->plugin;
	host.pid = raw_getpid();
	host.plugin->born_ns = raw_clock_ns(CLOCK_BOOTTIME);
	atomic_store_explicit(&host.plugin->pid, host.pid, memory_order_release);
	make_timer();
}

/* ---- Calls of the plug-in's code ---- */

static void set_timer(int64_t ns)
{
	struct itimerspec when;

	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = ns / 1000000000;
	when.it_value.tv_nsec = ns % 1000000000;
	if (host.has_timer)
		raw_syscall4(SYS_timer_settime, host.timer, 0, &when, NULL);
}

static void enter_plugin(int64_t patience_ns)
{
	set_timer(patience_ns);
	atomic_store_explicit(&host.plugin->busy_since_ns, raw_clock_ns(CLOCK_MONOTONIC),
			      memory_order_relaxed);
}

static void leave_plugin(void)
{
	atomic_store_explicit(&host.plugin->busy_since_ns, 0, memory_order_relaxed);
	set_timer(0);
}

/* ---- The start ---- */

static void tell_starter(uint32_t state)
{
	struct plugin *p = host.plugin;

	atomic_store_explicit(&p->state, state, memory_order_release);
	atomic_fetch_add_explicit(&p->word, PLUGIN_NEWS, memory_order_release);
	raw_futex_wake(&p->word, 1, 0);
}

static RL_NORETURN void give_up(void)
{
	tell_starter(PLUGIN_FAILED);
	raw_exit_group(0);
}

static void load(struct plugin_job *job)
{
	void *library = dlopen(job->library, RTLD_NOW | RTLD_LOCAL);
	const char *error = library ? NULL : dlerror();

	if (!library) {
		fmt_str(&job->why, "cannot be loaded (");
		fmt_printable(&job->why, error ? error : "no reason given", 200);
		fmt_str(&job->why, "); give the path of a library");
		give_up();
	}
	host.check =
		(int (*)(const struct reslimit_sample *, void *))real_symbol_of(library, "reslimit_check");
	host.init = (int (*)(const char *, void **))real_symbol_of(library, "reslimit_init");
	host.on_violation = (int (*)(const struct reslimit_violation *, void *))real_symbol_of(
		library, "reslimit_on_violation");
	if (host.check)
		return;
	fmt_str(&job->why, "has no reslimit_check(); define and export it");
	give_up();
}

static void initialise(struct plugin_job *job)
{
	int result = host.init ? host.init(job->argument, &host.state) : 0;

	if (!result)
		return;
	fmt_str(&job->why, "its reslimit_init() returned ");
	fmt_int(&job->why, result);
	fmt_str(&job->why, "; see what it says about its argument");
	give_up();
}

/* ---- Violations ---- */

static int ask(const struct reslimit_sample *sample, int code)
{
	struct reslimit_violation violation = {
		.size = sizeof(violation),
		.code = code,
		.name = host.plugin->verdict + strlen(RECORD_VERDICT_CUSTOM),
		.sample = sample,
	};
	int decision;

	if (!host.on_violation)
		return RESLIMIT_DEFAULT;
	enter_plugin(plugin_patience_ns(host.account->tick_ns));
	decision = host.on_violation(&violation, host.state);
	leave_plugin();
	return decision;
}

static void change_action(struct action *action, int decision)
{
	if (decision == RESLIMIT_ABORT || decision == SIGKILL) {
		action->count = 1;
		action->step[0] = (struct action_step){.signal = SIGKILL};
	} else if (decision > 0 && action_step_name(decision)) {
		action->step[0].signal = decision;
	}
}

/* The code first: who finds this process dead while it is asked takes the violation as it stands. */
static void report(const struct reslimit_sample *sample, int code)
{
	struct plugin *p = host.plugin;
	uint64_t mask;
	int decision;

	p->code = code;
	atomic_store_explicit(&p->violation, PLUGIN_ASKED, memory_order_release);
	decision = ask(sample, code);
	if (decision == RESLIMIT_KEEP) {
		atomic_fetch_add_explicit(&p->kept, 1, memory_order_relaxed);
		atomic_store_explicit(&p->violation, PLUGIN_CONTENT, memory_order_release);
		return;
	}
	ledger_lock(host.ledger, &mask);
	/* Too late for another cause's steps, or if we were thought to hang: the built-in action runs. */
	if (!atomic_load_explicit(&host.account->breach, memory_order_relaxed))
		change_action(&host.account->action[RL_PLUGIN], decision);
	ledger_unlock(host.ledger, &mask);
	atomic_store_explicit(&p->violation, PLUGIN_VIOLATED, memory_order_release);
}

/* ---- The loop ---- */

static void check(void)
{
	struct reslimit_sample sample;
	int code;

	plugin_sample_take(host.ledger, host.index, &sample);
	enter_plugin(plugin_patience_ns(host.account->tick_ns));
	code = host.check(&sample, host.state);
	leave_plugin();
	atomic_fetch_add_explicit(&host.plugin->checks, 1, memory_order_relaxed);
	if (code)
		report(&sample, code);
}

/* Whether nobody is left whose budget this is; or the account was closed, and may be another's by now. */
static bool is_alone(void)
{
	uint32_t end = atomic_load_explicit(&host.ledger->slots_end, memory_order_relaxed);

	if (atomic_load_explicit(&host.plugin->pid, memory_order_relaxed) != host.pid)
		return true;
	for (uint32_t i = 0; i < end; i++)
		if (slots_is_member(host.ledger, i, host.index) && slots_is_alive(&host.ledger->slot[i]))
			return false;
	return true;
}

static bool is_checking_time(int64_t now_ns, int64_t next_ns)
{
	return now_ns >= next_ns && host.account->start_ns &&
	       !atomic_load_explicit(&host.account->breach, memory_order_relaxed) &&
	       atomic_load_explicit(&host.plugin->violation, memory_order_relaxed) == PLUGIN_CONTENT;
}

static int64_t after(int64_t now_ns, int64_t next_ns)
{
	int64_t tick_ns =
		host.account->tick_ns > PLUGIN_LEAST_TICK_NS ? host.account->tick_ns : PLUGIN_LEAST_TICK_NS;

	next_ns += tick_ns;
	if (next_ns <= now_ns)
		next_ns = now_ns + tick_ns;
	atomic_store_explicit(&host.plugin->next_look_ns, next_ns + PLUGIN_LOOK_AFTER_NS,
			      memory_order_relaxed);
	return next_ns;
}

static RL_NORETURN void watch(void)
{
	int64_t next_ns = after(raw_clock_ns(CLOCK_MONOTONIC), 0);
	int gone = 0;

	for (;;) {
		uint32_t word = atomic_load_explicit(&host.plugin->word, memory_order_acquire);
		int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
		int64_t until_ns;

		gone = is_alone() ? gone + 1 : 0;
		if (gone == LOOKS_UNTIL_GONE)
			raw_exit_group(0);
		if (!gone && is_checking_time(now_ns, next_ns))
			check();
		if (now_ns >= next_ns)
			next_ns = after(raw_clock_ns(CLOCK_MONOTONIC), next_ns);
		until_ns = now_ns + (gone || word & PLUGIN_TREE_ENDS ? LOOK_AGAIN_NS : LOOK_NS);
		raw_futex_wait_until(&host.plugin->word, word, until_ns < next_ns ? until_ns : next_ns, 0);
	}
}

RL_NORETURN void plugin_loop_run(struct plugin_job *job)
{
	become_host(job);
	enter_plugin(PLUGIN_INIT_NS);
	load(job);
	initialise(job);
	leave_plugin();
	raw_syscall1(SYS_chdir, "/");
	tell_starter(PLUGIN_RUNNING);
	watch();
}
