/*
 * supervisor_signals.c - signals that reach us, and whose they are; see supervisor_parts.h.
 *
 * The program stays in our process group, as if it had been started without
 * us. So what a terminal sends (Ctrl-C, Ctrl-Z, a new window size, a hang-up)
 * reaches the program by itself, the shell's job control works on both of us,
 * and a pipeline keeps its terminal. Only a signal that somebody sends to our
 * own number is passed on; the kernel says which is which.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cli.h"
#include "core/ledger_lock.h"
#include "core/procfs.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/tree.h"
#include "supervisor_parts.h"

/* Whether a member of the tree sent it: a `kill 0` has reached the program already. */
static bool comes_from_within(struct supervisor *s, pid_t sender)
{
	int64_t began_ns = procfs_began_ns(sender);
	uint64_t mask;
	uint32_t slot;

	ledger_lock(s->ledger, &mask);
	slot = slots_find(s->ledger, sender, began_ns);
	ledger_unlock(s->ledger, &mask);
	return slot != LEDGER_NONE;
}

static bool is_for_program(struct supervisor *s, const struct signalfd_siginfo *info)
{
	pid_t sender = (pid_t)info->ssi_pid;

	if (s->is_dead || info->ssi_code > SI_USER || sender == getpid())
		return false;
	/* A shell's fg sends it to the whole group. */
	if (info->ssi_signo == SIGCONT && !s->is_stopped)
		return false;
	return !comes_from_within(s, sender);
}

static void take(struct supervisor *s, const struct signalfd_siginfo *info)
{
	int signal = (int)info->ssi_signo;

	if (signal == SIGCHLD)
		supervisor_reap(s);
	if (signal == TREE_KICK) {
		supervisor_hold_members(s);
		loop_set_clock(&s->loop, s->watch_clock, 0);
	}
	if (signal == SIGINT || signal == SIGTERM || signal == SIGHUP || signal == SIGQUIT)
		s->hurry = true;
	if (s->child && signal != SIGCHLD && is_for_program(s, info))
		raw_kill(s->child, signal);
}

static void read_signals(void *context, int fd, short events)
{
	struct signalfd_siginfo info[16];
	ssize_t len = read(fd, info, sizeof(info));

	(void)events;
	for (ssize_t i = 0; i < len / (ssize_t)sizeof(info[0]); i++)
		take(context, &info[i]);
}

int supervisor_watch_signals(struct supervisor *s)
{
	struct sigaction by_default = {.sa_handler = SIG_DFL};
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &s->mask);
	/* Ignored, as some parents leave it, children would vanish without a status. */
	sigaction(SIGCHLD, &by_default, &s->on_child);
	s->signal_fd = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	if (s->signal_fd < 0) {
		cli_complain("cannot watch for signals: %s; close some descriptors", strerror(errno));
		sigprocmask(SIG_SETMASK, &s->mask, NULL);
		return -1;
	}
	return loop_add(&s->loop, s->signal_fd, POLLIN, read_signals, s);
}

void supervisor_restore_signals(const struct supervisor *s)
{
	sigaction(SIGCHLD, &s->on_child, NULL);
	sigprocmask(SIG_SETMASK, &s->mask, NULL);
}
