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
 * be reached; meter.h says what is looked at for each. Every process of a tree
 * has a watchdog, but for a forked child that may be over soon
 * (watchdog_can_wait()). For what all of them can see, a time that has come, the one
 * in the account's first process acts and the others stand by: they look a
 * little later, at what is left to do.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_WATCHDOG_H
#define RL_CORE_WATCHDOG_H

#include "../contract/ledger_layout.h"
#include "leader.h"
#include "nap.h"
#include "procfile.h"
#include "sampling.h"
#include "stops.h"

struct watchdog {
	struct ledger *ledger;
	uint32_t slot; /* whose accounts are watched; LEDGER_NONE: from outside, by a supervisor */
	uint32_t cpus; /* that the tree can run on */
	int64_t cpu_seen_ns;
	int64_t own_seen_ns;	     /* processor time of the watchdog itself */
	int64_t idle_since_ns;	     /* when a look first saw no processor time used, 0: the last one did */
	uint32_t idle_looks;	     /* looks in a row at which that had gone on for a while */
	int64_t rehearsed_ns;	     /* when a step was */
	struct sampling watching;    /* of conditions */
	struct sampling supervising; /* of plug-ins' hosts */
	struct procfile status, descriptors; /* of the own process */
	bool has_own_files;		     /* its thread's descriptors are not the program's */
	bool comes_late;		     /* to a process that is known not to be over soon */
	struct nap nap;
	bool (*prepare_end)(int signal); /* see step_signals_pay_owed(); NULL: somebody else's process */
	void (*rehearse_end)(void);	 /* looks at what that will; NULL where that is */
	struct stops stops;
	_Atomic uint32_t stopping; /* the loop is to end */
	_Atomic uint32_t kicked;   /* a signal to look is on its way */
	/* When the next look comes, INT64_MAX during one. Writer: the watchdog; readers decide whether to
	 * kick. */
	_Atomic int64_t next_look_ns;
	_Atomic uint32_t errand;	/* enum watchdog_errand */
	_Atomic uint32_t polls_errands; /* who asks cannot wake the thread */
	void (*run_errand)(void);
	_Atomic uint32_t leaving; /* enum watchdog_leaving */
	_Atomic uint32_t
		ending; /* a thread of ours ends the process: files that it opens are not the program's */
	struct leader leader; /* of the process in which it is a guest; zeros elsewhere */
};

/* Something that the watchdog's thread is asked to do for one that must not make the system calls. */
enum watchdog_errand { ERRAND_NONE, ERRAND_TAKEN, ERRAND_ASKED, ERRAND_DONE };

/* A thread of the program is about to end by itself. */
enum watchdog_leaving { LEAVING_NONE, LEAVING_OTHER, LEAVING_LEADER };

/* Whether the accounts of a slot have anything to watch. */
bool watchdog_is_needed(const struct ledger *ledger, uint32_t slot);

/*
 * Whether a process that has only begun may do without a watchdog of its own for now: those of its accounts'
 * first processes see to everything that is watched.
 */
bool watchdog_can_wait(const struct ledger *ledger, uint32_t slot);

/* How many processors the calling thread may run on. */
uint32_t watchdog_cpus(void);

void watchdog_init(struct watchdog *watchdog, struct ledger *ledger, uint32_t slot);

/* Whether another process's watchdog acts first for this account. */
bool watchdog_stands_by(const struct watchdog *watchdog, const struct account *account);

/* How much later than the first those that stand by look: what a look and a step take. */
enum { WATCHDOG_STANDBY_NS = 500000 };

/* Looks once and acts. Return: CLOCK_MONOTONIC ns of the next look, INT64_MAX for none. */
int64_t watchdog_look(struct watchdog *watchdog);

/*
 * The supervisor's look, from outside: at `account`, at those above it, and at those below, of
 * which nobody else takes care.
 */
int64_t watchdog_look_around(struct watchdog *watchdog, uint32_t account);

/* In the thread that is to look, before its first look: all calls to the kernel that are made once. */
void watchdog_begin(struct watchdog *watchdog);

/* Wakes not behind the slice of a program that spins; refusals do no harm. */
void watchdog_ask_for_the_processor(void);

/* Looks until it is stopped. Return: false when instead every other thread of its process has ended. */
bool watchdog_run(struct watchdog *watchdog);

/* Both are sent to the watchdog's thread. Context: any thread, async-signal-safe. */
void watchdog_kick(struct watchdog *watchdog, pid_t pid, pid_t tid);
void watchdog_stop(struct watchdog *watchdog, pid_t pid, pid_t tid);
/* Kicks unless a look by at_ns is planned: what is looked at must have been stored before. */
void watchdog_expect(struct watchdog *watchdog, int64_t at_ns, pid_t pid, pid_t tid);

#endif
