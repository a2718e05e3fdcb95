/*
 * supervisor_sweep.c - what outlives the program; see supervisor_parts.h.
 *
 * Whatever the program started is below us, however often it forked and
 * whatever session it made: a process whose parent died becomes our child.
 * So /proc's lists of children, from ourselves downwards, name all of them,
 * guarded or not. They change while they are read, until everybody is stopped.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/plugin.h"
#include "core/rawsys.h"
#include "core/stacks.h"
#include "descendants.h"
#include "supervisor_parts.h"

enum { STOP_ROUNDS = 50, LOOK_AGAIN_NS = 5000000 };

static const int64_t GIVE_UP_NS = 5000000000;

static bool has_children(void)
{
	return !waitid(P_ALL, 0, &(siginfo_t){.si_pid = 0}, WEXITED | WNOHANG | WNOWAIT);
}

/* A plug-in's process is ours, not something that the tree has left; it ends with the tree. */
static void leave_plugins_out(const struct supervisor *s, struct descendants *list)
{
	size_t kept = 0;

	for (size_t i = 0; i < list->count; i++)
		if (!plugin_is_host(s->ledger, list->process[i].pid))
			list->process[kept++] = list->process[i];
	list->count = kept;
}

static bool find(const struct supervisor *s, struct descendants *list)
{
	list->count = 0;
	if (!has_children())
		return false;
	descendants_find(list, getpid(), &s->others);
	leave_plugins_out(s, list);
	return list->count > 0;
}

static void name_survivors(struct supervisor *s, const struct descendants *list)
{
	struct record_outside *o = &s->outside;

	o->survivor_count = (int)list->count;
	for (size_t i = 0; i < list->count && o->survivors_named < RECORD_SURVIVORS; i++) {
		struct record_survivor *survivor = &o->survivor[o->survivors_named];

		survivor->pid = list->process[i].pid;
		if (descendants_comm(survivor->pid, survivor->comm, sizeof(survivor->comm)))
			o->survivors_named++;
	}
}

static void signal_all(const struct descendants *list, int signal)
{
	for (size_t i = 0; i < list->count; i++)
		descendants_signal(&list->process[i], signal);
}

/* Stops them, round after round, until a round finds nobody new: who is stopped makes no more. */
static void stop_all(const struct supervisor *s, struct descendants *list)
{
	size_t before = 0;

	for (int i = 0; i < STOP_ROUNDS && find(s, list) && list->count != before; i++) {
		before = list->count;
		signal_all(list, SIGSTOP);
	}
}

/* Waits until nobody is left, or a time. Return: whether anybody is. */
static bool wait_until_gone(struct supervisor *s, struct descendants *list, int64_t until_ns)
{
	while (find(s, list)) {
		int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
		int64_t next_ns = now_ns + LOOK_AGAIN_NS;

		if (now_ns >= until_ns || s->hurry)
			return true;
		s->loop.is_over = false;
		loop_run(&s->loop, next_ns < until_ns ? next_ns : until_ns);
		supervisor_reap(s);
	}
	return false;
}

static void ask_to_end(struct supervisor *s, struct descendants *list)
{
	stop_all(s, list);
	signal_all(list, SIGTERM);
	signal_all(list, SIGCONT);
	wait_until_gone(s, list, raw_clock_ns(CLOCK_MONOTONIC) + s->config.grace_ns);
}

/* One that the kernel holds in a call that cannot be broken off is given up, and stays in the record. */
static void kill_all(struct supervisor *s, struct descendants *list)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + GIVE_UP_NS;

	/* From here on no guarded process makes another: who forks faster than we look would get away. */
	atomic_store_explicit(&s->ledger->account[s->account].killing, 1, memory_order_relaxed);
	while (find(s, list) && raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		cgroup_kill(&s->cgroup);
		signal_all(list, SIGKILL);
		s->hurry = false;
		wait_until_gone(s, list, raw_clock_ns(CLOCK_MONOTONIC) + LOOK_AGAIN_NS);
	}
}

void supervisor_note_others(struct supervisor *s)
{
	/* Whoever became us may have had children; nearly nobody has. */
	if (has_children() || s->caretaker.pid > 0)
		descendants_note_children(&s->others, getpid());
}

void supervisor_sweep(struct supervisor *s)
{
	struct descendants list = {0};
	bool is_killed = s->ledger->account[s->account].killing;

	/* What stays behind after a look at stacks is ours, and nothing that the tree has left. */
	stacks_end_last();
	supervisor_reap(s);
	if (find(s, &list)) {
		name_survivors(s, &list);
		if (s->config.orphans == RL_ORPHANS_KILL && !is_killed)
			ask_to_end(s, &list);
		if (s->config.orphans == RL_ORPHANS_KILL)
			kill_all(s, &list);
		s->outside.survivors_left = (int)list.count;
	}
	/* Who died between the last wait and the last look counts, too. */
	supervisor_reap(s);
	descendants_free(&list);
	descendants_free(&s->others);
}
