/*
 * stops.h - time that does not count as wall time: stopped, frozen, under a debugger.
 *
 * Owns:    the accounts' stopped_ns; moves their wall deadlines.
 * Called:  watchdog, around each sleep and at a deadline; the supervisor, which
 *          learns of stops from waitid(); hooks of signals that a process sends
 *          itself (stops_expect).
 * Context: the watchdog's thread; crediting takes the ledger's lock, as does
 *          nothing else here; files are read without it. Never allocates,
 *          leaves errno alone.
 * Fork:    nothing, because the child's watchdog starts anew.
 *
 * Whose stops count: those of an account's first process. Nothing inside a
 * process runs while it is stopped, and the kernel does not note when a stop
 * began. A sleep that a stop cuts short, as no signal of ours does, tells that (nap.h).
 * Where there are no such sleeps it began at the earliest when the sleep did, and
 * later by as long as the process has run, or waited to run, since: that
 * may be more than was stopped, and never is less. Only as much as the account
 * allows is credited.
 *
 * A stop that finds the watchdog awake cuts no sleep short. But then its thread has given up its processor,
 * as it else does only where it waits. Its waits for the ledger's lock are left out: a stopped owner may keep
 * that, and each would put the deadline off by as much. The kernel's own are hardly ever a millisecond, which
 * is less.
 *
 * A supervisor is told by waitid() of its child's stops, to the instant. The first process of a budget below
 * has no watchdog then, and is nobody's whom it could wait for: it is looked at ten times a second.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_STOPS_H
#define RL_CORE_STOPS_H

#include "../contract/ledger_layout.h"

struct watchdog;

struct stops_moment {
	int64_t at_ns;
	int64_t switches; /* how often the watchdog had given up its processor until then, not for the lock */
	int64_t waited_ns; /* how long it had waited for the lock */
	int64_t taken;	   /* how often its processor was taken from it */
	int64_t offset_ns; /* CLOCK_BOOTTIME's advance, which a suspended machine makes longer */
};

/* What a watchdog knows of its own process. Times are of CLOCK_MONOTONIC. */
struct stops {
	struct stops_moment since; /* when the sleep began, or the watch after it */
	int64_t planned_ns;	   /* how long that sleep was to be */
	int64_t since_cpu_ns;	   /* what the process had used then */
	int64_t since_ready_ns; /* how long its first thread had run or waited for a processor; 0: not asked
				 */
	int64_t since_own_ready_ns; /* the same of the watchdog; -1: not asked */
	int64_t interrupted_ns;	    /* when a stop, of this process or an account's first, was last noticed */
	int64_t first_held_ns;	    /* when an account's first was last seen stopped */
	int64_t traced_ns;	    /* under a debugger; credited until then; 0: not */
	int64_t stood_ns;	    /* when a supervisor that had stopped with its program went on */
	int64_t free_ns;	    /* when it was last seen not to be under a debugger; 0: never */
	_Atomic int64_t begun_ns;   /* when the process stopped itself; 0: not since the last look */
};

/* Right before the watchdog's thread begins, which is awake then. Context: whoever starts it. */
void stops_init(struct watchdog *watchdog);

/*
 * Before a sleep of `for_ns`, and after it; `interrupted`: by nothing that the watchdog waited for;
 * `slept_ns`: how long it did sleep, -1: nobody knows.
 */
void stops_fall_asleep(struct watchdog *watchdog, int64_t for_ns);
void stops_wake_up(struct watchdog *watchdog, bool interrupted, int64_t slept_ns);

/*
 * Whether a wall deadline that has come must wait: the account's first process
 * is stopped, or has just gone on, or is under a debugger. Return: when to look
 * again, or 0: it must not wait.
 */
int64_t stops_hold(struct watchdog *watchdog, uint32_t account, int64_t now_ns);

/* Shortly before a deadline: what stops_hold() will ask /proc for, so that it need not then. */
void stops_look_ahead(struct watchdog *watchdog);

/* When a process under a debugger is looked at again; INT64_MAX: it is not under one. */
int64_t stops_follow(const struct watchdog *watchdog, int64_t now_ns);

/*
 * From outside: looks whether the first process of a budget below the supervisor's own is stopped, and
 * credits the time since the last look if it is, or was then. Return: when to look again, INT64_MAX: never.
 */
int64_t stops_follow_first(struct watchdog *watchdog, uint32_t account, int64_t now_ns);

/* The supervisor, stopped by the terminal together with whoever runs there, goes on. */
void stops_note_stand(struct watchdog *watchdog);

/*
 * Credits `ns` of time in which an account's first process did not run: the
 * deadline moves by as much, but by no more in all than RESLIMIT_STOPPED.
 * Context: also the supervisor, for accounts whose first process it watches.
 */
void stops_credit(struct ledger *ledger, uint32_t account, int64_t ns);

/* The process is about to stop itself. Context: any thread, async-signal-safe. */
void stops_expect(struct watchdog *watchdog);

#endif
