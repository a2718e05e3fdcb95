/*
 * watchdog.h - ends what passes a limit without a call to refuse; takes the steps.
 *
 * Owns:    nothing shared but the slots' last seen processor times.
 * Called:  timer_thread in a guarded process; the supervisor.
 * Context: a thread of its own without libc; async-signal-safe, never
 *          allocates; may not return (KILL).
 * Fork:    the child has no watchdog until timer_thread starts one.
 *
 * Sleeps to absolute times, each the first at which one of the limits could
 * be reached; meter.h says what is looked at for each.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_WATCHDOG_H
#define RL_CORE_WATCHDOG_H

#include "../contract/ledger_layout.h"
#include "leader.h"

struct watchdog {
	struct ledger *ledger;
	uint32_t slot; /* whose accounts are watched */
	uint32_t cpus; /* that the tree can run on */
	int64_t cpu_seen_ns;
	uint32_t idle_looks;   /* looks in a row at which no processor time had been used */
	_Atomic uint32_t word; /* changes when there is something to look at; WATCHDOG_STOP ends the loop */
	_Atomic uint64_t wakeups;
	/* When the next look comes, INT64_MAX during one. Writer: the watchdog; readers decide whether to
	 * kick. */
	_Atomic int64_t next_look_ns;
	_Atomic uint32_t errand;	/* enum watchdog_errand */
	_Atomic uint32_t polls_errands; /* who asks cannot wake the thread */
	void (*run_errand)(void);
	struct leader leader; /* of the process in which it is a guest; zeros elsewhere */
};

enum { WATCHDOG_STOP = 1, WATCHDOG_KICK = 2 };

/* Something that the watchdog's thread is asked to do for one that must not make the system calls. */
enum watchdog_errand { ERRAND_NONE, ERRAND_TAKEN, ERRAND_ASKED, ERRAND_DONE };

/* Whether the accounts of a slot have anything to watch. */
bool watchdog_is_needed(const struct ledger *ledger, uint32_t slot);

void watchdog_init(struct watchdog *watchdog, struct ledger *ledger, uint32_t slot);

/* Looks once and acts. Return: CLOCK_MONOTONIC ns of the next look, INT64_MAX for none. */
int64_t watchdog_look(struct watchdog *watchdog);

/* Looks until it is stopped. Return: false when instead every other thread of its process has ended. */
bool watchdog_run(struct watchdog *watchdog);

/* Context: any thread, async-signal-safe. */
void watchdog_kick(struct watchdog *watchdog);
/* Kicks unless a look by at_ns is planned: what is looked at must have been stored before. */
void watchdog_expect(struct watchdog *watchdog, int64_t at_ns);
void watchdog_stop(struct watchdog *watchdog);

#endif
