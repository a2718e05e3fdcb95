/*
 * supervisor_end.c - the record and the exit status; see supervisor_parts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

#include "cli.h"
#include "core/cputime.h"
#include "core/ledger_lock.h"
#include "core/record_text.h"
#include "core/slots.h"
#include "core/sweep.h"
#include "supervisor_parts.h"

/* Whether our library did its work in the program; the kernel and the loader would start it without. */
static void note_guard(struct supervisor *s)
{
	struct record_outside *o = &s->outside;
	uint32_t joined = atomic_load_explicit(&s->ledger->account[s->account].joined, memory_order_acquire);

	if (s->child <= 0 || o->exec_error || joined == ACCOUNT_JOINED)
		return;
	o->is_unguarded = joined == ACCOUNT_NOT_JOINED;
	o->is_internal = joined == ACCOUNT_JOIN_REFUSED || s->config.unguarded == RL_UNGUARDED_REFUSE;
}

/* Whether a SIGKILL that we did not send may be the kernel's own. */
static void note_oom(struct supervisor *s)
{
	enum oom_answer answer = OOM_NO;

	if (s->ending.signal == SIGKILL && !record_cause(s->ledger, s->account)->step_count)
		answer = cgroup_oom_kills(&s->cgroup) > 0 ? OOM_HERE : oom_ask(&s->oom);
	s->outside.may_be_oom = answer != OOM_NO;
	s->outside.was_oom = answer == OOM_HERE;
}

void supervisor_write_record(struct supervisor *s)
{
	struct record_outside *o = &s->outside;
	int64_t waited_ns;

	getrusage(RUSAGE_CHILDREN, &o->usage);
	timersub(&o->usage.ru_utime, &s->hosts_usage.ru_utime, &o->usage.ru_utime);
	timersub(&o->usage.ru_stime, &s->hosts_usage.ru_stime, &o->usage.ru_stime);
	waited_ns = cputime_ns(&o->usage.ru_utime) + cputime_ns(&o->usage.ru_stime);
	if (waited_ns > o->cpu_ns)
		o->cpu_ns = waited_ns;
	note_guard(s);
	note_oom(s);
	/* Those that died without a word leave their peaks when their places are taken back. */
	sweep_dead(s->ledger, SWEEP_ALL);
	if (!record_account_end(s->ledger, s->account, &s->ending))
		cli_complain("the record could not be written to all places; see that they take it");
}

/* The status of a program that a limit ended. */
static int status_of_limit(enum limit_id limit)
{
	switch (limit) {
	case RL_WALL:
	case RL_IDLE:
		return CLI_ENDED_BY_TIME;
	case RL_CPU:
		return CLI_ENDED_BY_CPU;
	case RL_THREADS:
	case RL_PROCS:
		return CLI_ENDED_BY_COUNT;
	case RL_WATCH:
	case RL_PLUGIN:
		return CLI_ENDED_BY_CUSTOM;
	default:
		return CLI_ENDED_BY_MEMORY;
	}
}

/* Dies as the program did, but without a core dump over the program's. */
static void die_by(int signal)
{
	sigset_t set;

	prctl(PR_SET_DUMPABLE, 0);
	sigaction(signal, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
	sigemptyset(&set);
	sigaddset(&set, signal);
	kill(getpid(), signal);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
}

int supervisor_exit_status(const struct supervisor *s)
{
	const struct account *a = &s->ledger->account[s->account];
	const struct account *cause = record_cause(s->ledger, s->account);
	uint32_t breach = atomic_load_explicit(&cause->breach, memory_order_relaxed);

	if (s->outside.exec_error)
		return s->ending.exit_code;
	if (breach && cause->step_count)
		return status_of_limit(breach - 1);
	if (s->options.strict && a->last_denied)
		return status_of_limit(a->last_denied - 1);
	if (s->outside.is_internal && s->outside.is_unguarded)
		return cli_complain("%s: ran without its guard, which the loader did not load; give "
				    "--unguarded allow if that is right",
				    s->program[0]);
	if (!s->ending.signal)
		return s->ending.exit_code;
	if (s->options.raise)
		die_by(s->ending.signal);
	return CLI_SIGNAL_BASE + s->ending.signal;
}
