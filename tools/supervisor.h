/*
 * supervisor.h - keeps a program's tree from outside: starts it, watches it, ends it, tells why.
 *
 * Owns:    the ledger of the tree, or a budget in the ledger that it was
 *          itself started under; struct supervisor.
 * Called:  cmd_run.
 * Context: one thread, may allocate; every signal but SIGKILL and SIGSTOP is
 *          blocked and read from a descriptor, so nothing interrupts anything.
 * Fork:    the program's process is made as by vfork(): until its exec it runs in
 *          our memory, on a stack of its own.
 *
 * In this order: open (budget), watch signals, start, loop until the program
 * is dead, sweep what it left, write the record.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_SUPERVISOR_H
#define RL_TOOLS_SUPERVISOR_H

#include <signal.h>
#include <stdbool.h>
#include <sys/resource.h>

#include "capture.h"
#include "cgroup.h"
#include "core/config.h"
#include "core/record.h"
#include "core/sinks.h"
#include "core/watchdog.h"
#include "descendants.h"
#include "gauges.h"
#include "loop.h"
#include "oom.h"

struct supervisor_options {
	bool strict; /* a refusal counts as an end by its limit */
	bool raise;  /* die by the signal that the program died by */
	bool progress;
	bool cgroup;
	struct capture_options capture;
};

/* One process on a leash; core/leash.h says what that is. */
struct supervisor_leash {
	pid_t pid; /* 0: none */
	int fd;
};

struct supervisor {
	struct supervisor_options options;
	char **program;
	struct config config;
	struct sinks sinks;
	struct loop loop;

	/* The budget. */
	struct ledger *ledger;
	bool owns_ledger;
	bool has_no_place; /* in the outer budget */
	uint32_t account;  /* that holds the record */
	uint32_t own;	   /* that the program's first process is in; differs under SCOPE=process */
	uint32_t slot;	   /* of that process */
	struct watchdog watchdog;
	int watch_clock;

	/* The program's first process. */
	pid_t child;
	bool is_dead;
	bool is_stopped;
	int64_t stopped_at_ns; /* from when its stop has not been credited yet */

	struct cgroup cgroup;

	/* Its output. */
	struct capture capture;
	char capture_text[512]; /* for the record */
	struct gauges gauges;
	struct caretaker caretaker;

	/* So that it does not outlive us: one for each slot. */
	struct supervisor_leash *leash;
	int leash_fd, writing_fd;	/* -1: none */
	int leash_socket;		/* that processes send theirs to; -1: none */
	int leash_listener, leash_door; /* the same where that takes none; see core/leash_socket.h */

	struct oom oom;		   /* at the start */
	struct descendants others; /* children of ours that were there before */
	struct rusage hosts_usage; /* of plug-ins' processes that we have waited for: times only */

	/* How we were before. */
	sigset_t mask;
	struct sigaction on_child;
	struct rlimit files;
	int nice;
	long timer_slack_ns;
	int signal_fd;
	bool hurry; /* a signal asked us to end while the sweep waits */

	struct record_ending ending;
	struct record_outside outside;
};

/*
 * Runs `program` with the settings that stand in our environment.
 * Return: the exit status of the command; with options->raise it may not return.
 * SUPERVISOR_HAS_NO_PLACE if an outer budget has room for one process only: ours,
 * which then must become the program.
 */
enum { SUPERVISOR_HAS_NO_PLACE = -1 };

int supervisor_run(const struct supervisor_options *options, char **program);

#endif
