/*
 * plugin_host.c - the process in which a plug-in lives; see plugin_host.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "plugin_host.h"

#include <errno.h>
#include <linux/prctl.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/wait.h>

#include "contract/record.h"
#include "core/accounts.h"
#include "core/procfs.h"
#include "core/rawfutex.h"
#include "core/rawsys.h"
#include "member.h"
#include "plugin_loop.h"
#include "real.h"

enum {
	START_NS = 1000000000, /* for a process to be made and a library to be loaded, beside: */
	START_LOOK_NS = 20000000,
	EXIT_NO_FORK = 1,
};

/* What the host needs, and where it says why it failed; shared with who starts it. */
struct start {
	struct plugin_job job;
	char why[320];
	char library[512];
};

/* LIB.so and ARG of LIB.so:ARG; the name for the verdict is the file's, without .so and what follows. */
static void split(struct start *s, struct plugin *p, const char *setting)
{
	const char *colon = strchr(setting, ':');
	size_t len = colon ? (size_t)(colon - setting) : strlen(setting);
	struct fmt library = FMT_INIT(s->library), verdict = FMT_INIT(p->verdict);
	const char *name, *end;

	fmt_strn(&library, setting, len);
	name = strrchr(s->library, '/');
	name = name ? name + 1 : s->library;
	end = strstr(name, ".so");
	fmt_str(&verdict, RECORD_VERDICT_CUSTOM);
	fmt_strn(&verdict, name, end ? (size_t)(end - name) : strlen(name));
	s->job.library = s->library;
	s->job.argument = colon ? colon + 1 : "";
}

/*
 * The middle process ends at once, and its child goes to init; or to this
 * process, if that is a subreaper since before an exec, which must not be.
 */
static int start_orphan(struct start *s)
{
	int subreaper = 0, status = 0;
	pid_t middle;

	raw_syscall2(SYS_prctl, PR_GET_CHILD_SUBREAPER, &subreaper);
	if (subreaper)
		raw_syscall2(SYS_prctl, PR_SET_CHILD_SUBREAPER, 0);
	/* Without a signal at its end: no SIGCHLD may be left pending for the program. */
	middle = (pid_t)raw_syscall5(SYS_clone, 0, 0, 0, 0, 0);
	if (middle == 0) {
		/* libc's own fork, because the raw child does not know its tid: the plug-in gets a whole
		 * libc. */
		pid_t host = real.fork();

		if (host == 0)
			plugin_loop_run(&s->job);
		raw_exit_group(host < 0 ? EXIT_NO_FORK : 0);
	}
	if (middle > 0)
		raw_syscall4(SYS_wait4, middle, &status, __WALL, NULL);
	if (subreaper)
		raw_syscall2(SYS_prctl, PR_SET_CHILD_SUBREAPER, 1);
	return middle < 0 || status ? -EAGAIN : 0;
}

static pid_t host_pid(const struct plugin *p)
{
	return atomic_load_explicit(&p->pid, memory_order_acquire);
}

/* Waits until the host runs, has failed, is gone or has had its time. */
static uint32_t wait_for_start(struct plugin *p)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + PLUGIN_INIT_NS + START_NS;
	uint32_t word, state;

	for (;;) {
		int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);

		word = atomic_load_explicit(&p->word, memory_order_acquire);
		state = atomic_load_explicit(&p->state, memory_order_acquire);
		if (state != PLUGIN_STARTING || now_ns >= until_ns)
			return state;
		if (host_pid(p) && procfs_life(host_pid(p), p->born_ns) != PROCFS_ALIVE)
			return PLUGIN_CRASHED;
		raw_futex_wait_until(&p->word, word, now_ns + START_LOOK_NS, 0);
	}
}

static int explain(const struct start *s, const struct plugin *p, uint32_t state, int64_t began_ns,
		   struct fmt *why)
{
	bool in_time = raw_clock_ns(CLOCK_MONOTONIC) - began_ns < PLUGIN_INIT_NS;

	if (state == PLUGIN_RUNNING)
		return 0;
	if (state == PLUGIN_FAILED)
		fmt_str(why, s->why);
	else if (in_time)
		fmt_str(why, host_pid(p) ? "crashed while it was loaded or in reslimit_init(); mend it"
					 : "no process could be made for it; allow one more");
	else
		fmt_str(why, "reslimit_init() did not return within 10 s; let it do less");
	return -EINVAL;
}

static int start_for(struct ledger *ledger, uint32_t account, const char *setting, struct fmt *why)
{
	struct plugin *p = &ledger->account[account].plugin;
	int64_t began_ns = raw_clock_ns(CLOCK_MONOTONIC);
	uint32_t state = PLUGIN_NONE;
	struct start *s;
	int error;

	if (!atomic_compare_exchange_strong_explicit(&p->state, &state, PLUGIN_STARTING, memory_order_acq_rel,
						     memory_order_acquire))
		return 0;
	s = (struct start *)raw_mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
				     0);
	if (raw_is_error((long)s)) {
		fmt_str(why, "no memory to load it");
		return -EINVAL;
	}
	s->job.ledger = ledger;
	s->job.account = account;
	s->job.why = (struct fmt){.buf = s->why, .size = sizeof(s->why)};
	split(s, p, setting);
	state = start_orphan(s) ? PLUGIN_CRASHED : wait_for_start(p);
	error = explain(s, p, state, began_ns, why);
	raw_munmap(s, sizeof(*s));
	return error;
}

int plugin_host_start(struct ledger *ledger, uint32_t slot, const struct config *config, struct fmt *why)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		if (a->limit[RL_PLUGIN] != RL_UNLIMITED && a->config_hash == config->hash)
			return start_for(ledger, (uint32_t)(a - ledger->account), config->plugin, why);
	}
	return 0;
}

void plugin_host_expect_end(struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->accounts_end, memory_order_relaxed);

	for (uint32_t i = 0; i < end; i++) {
		struct plugin *p = &ledger->account[i].plugin;

		if (atomic_load_explicit(&p->state, memory_order_relaxed) != PLUGIN_RUNNING)
			continue;
		atomic_fetch_or_explicit(&p->word, PLUGIN_TREE_ENDS, memory_order_release);
		raw_futex_wake(&p->word, 1, 0);
	}
}
