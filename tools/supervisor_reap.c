/*
 * supervisor_reap.c - children that died, stopped or went on; see supervisor_parts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/accounts.h"
#include "core/cells.h"
#include "core/cputime.h"
#include "core/ledger_lock.h"
#include "core/plugin.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/stops.h"
#include "core/trace.h"
#include "supervisor_parts.h"

/* What the ledger still knows while the first process is a zombie. */
static void note_death(struct supervisor *s, const siginfo_t *info)
{
	struct record_outside *o = &s->outside;
	uint64_t mask;

	supervisor_credit_stop(s);
	s->is_dead = true;
	s->ending.signal = info->si_code == CLD_EXITED ? 0 : info->si_status;
	s->ending.exit_code = info->si_code == CLD_EXITED ? info->si_status : 0;
	s->ending.outside = o;
	o->pid = s->child;
	o->at_ns = raw_clock_ns(CLOCK_MONOTONIC);
	o->dumped_core = info->si_code == CLD_DUMPED;
	ledger_lock(s->ledger, &mask);
	o->cpu_ns = cputime_of_account(s->ledger, s->account, LEDGER_NONE);
	o->mem_end_bytes = cells_charged_to_account(s->ledger, s->account);
	ledger_unlock(s->ledger, &mask);
	loop_end(&s->loop);
}

/* For the timeline, what the process may not have told itself. */
static void note_end(struct supervisor *s, const siginfo_t *info)
{
	uint32_t end = atomic_load_explicit(&s->ledger->slots_end, memory_order_acquire);
	uint64_t own;

	if (!trace_is_on(s->ledger, s->account))
		return;
	own = slots_own_namespace(s->ledger);
	for (uint32_t i = 0; i < end; i++)
		if (atomic_load_explicit(&s->ledger->slot[i].state, memory_order_acquire) != SLOT_FREE &&
		    slots_pid_in(&s->ledger->slot[i], own) == info->si_pid)
			trace_exit(s->ledger, i, info->si_status, info->si_code != CLD_EXITED);
}

/* A plug-in's process is in no budget: what it used is not what the program did. */
static void wait_for(struct supervisor *s, pid_t pid)
{
	bool is_host = plugin_is_host(s->ledger, pid);
	struct rusage usage;

	if (wait4(pid, NULL, WNOHANG, &usage) != pid || !is_host)
		return;
	timeradd(&s->hosts_usage.ru_utime, &usage.ru_utime, &s->hosts_usage.ru_utime);
	timeradd(&s->hosts_usage.ru_stime, &usage.ru_stime, &s->hosts_usage.ru_stime);
}

/* Everybody who died below us; those without a parent of their own are ours to wait for. */
static void reap_dead(struct supervisor *s)
{
	siginfo_t info = {.si_pid = 0};

	while (!waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) && info.si_pid) {
		pid_t pid = info.si_pid;

		note_end(s, &info);
		if (pid == s->child && !s->is_dead)
			note_death(s, &info);
		wait_for(s, pid);
		info.si_pid = 0;
	}
}

void supervisor_credit_stop(struct supervisor *s)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int64_t stood_ns = now_ns - s->stopped_at_ns;

	if (!s->is_stopped)
		return;
	s->stopped_at_ns = now_ns;
	stops_credit(s->ledger, s->account, stood_ns);
	if (s->own != s->account)
		stops_credit(s->ledger, s->own, stood_ns);
}

static bool has_terminal(void)
{
	int fd = raw_open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK, 0);

	if (fd >= 0)
		raw_close(fd);
	return fd >= 0;
}

/*
 * A program that a terminal stopped must look stopped to the shell, which
 * knows only us. Any other stop is between the program and who sent it: he
 * will let the program go on, and would not think of us.
 */
static void stop_with_program(struct supervisor *s, int signal)
{
	supervisor_pause_output(s);
	if ((signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) && has_terminal()) {
		raw_kill(getpid(), SIGSTOP);
		stops_note_stand(&s->watchdog);
	}
}

static void reap_stopped(struct supervisor *s)
{
	siginfo_t info = {.si_pid = 0};

	while (!s->is_dead && !waitid(P_PID, (id_t)s->child, &info, WSTOPPED | WCONTINUED | WNOHANG) &&
	       info.si_pid) {
		supervisor_credit_stop(s);
		s->is_stopped = info.si_code == CLD_STOPPED;
		s->stopped_at_ns = raw_clock_ns(CLOCK_MONOTONIC);
		loop_set_clock(&s->loop, s->watch_clock, 0);
		if (s->is_stopped)
			stop_with_program(s, info.si_status);
		info.si_pid = 0;
	}
}

void supervisor_reap(struct supervisor *s)
{
	if (s->child > 0)
		reap_stopped(s);
	reap_dead(s);
}
