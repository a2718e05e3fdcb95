/*
 * procfs.h - is that process still the one it was?
 *
 * Owns:    nothing.
 * Called:  slots, leash, stops, signal_state, the ledger's lock: whoever has only a number.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PROCFS_H
#define RL_CORE_PROCFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum procfs_life {
	PROCFS_ALIVE,
	PROCFS_ZOMBIE, /* dead, its parent has not asked */
	PROCFS_GONE,   /* dead, or the number belongs to a later process */
};

/*
 * The state of the process `pid` that existed at `born_ns` (CLOCK_BOOTTIME).
 * Without /proc only existence can be told.
 */
enum procfs_life procfs_life(pid_t pid, int64_t born_ns);

/*
 * Whether the first thread of a process that had the number `pid` is on its way out or gone. It gives up its
 * descriptors while its state still says that it runs.
 */
bool procfs_is_ending(pid_t pid);

/* When that process began, CLOCK_BOOTTIME, or up to 10 ms before; 0 where /proc does not tell. */
int64_t procfs_began_ns(pid_t pid);

/* How much later than a slot's binding its process may seem to have begun. */
enum { PROCFS_TICK_NS = 10000000 };

/* Whether a thread is stopped, by a signal or by a debugger. */
bool procfs_is_stopped(pid_t tid);

/* Whether a process is stopped or has a debugger; 0: the calling one, which is not stopped. */
bool procfs_is_held(pid_t pid);

/*
 * How long the calling process's first thread has run or waited for a
 * processor, in ns: never while it was stopped. 0 where the kernel does not tell.
 */
int64_t procfs_first_thread_ready_ns(void);

/* The same of the calling thread. */
int64_t procfs_own_ready_ns(void);

/* The pid namespace of a process, or of the calling one (0); 0 where /proc does not tell. */
uint64_t procfs_pid_namespace(pid_t pid);

/* The calling process's first thread. */
struct procfs_first {
	char state;	  /* the letter of /proc/PID/stat; '\0' if it cannot be read */
	uint64_t blocked; /* which of the signals 1 to 31 */
	int processor;	  /* that has it, or had it last */
};

/* It costs a fifth of /proc/PID/status. */
void procfs_look_at_first(struct procfs_first *first);

/* What the children that a process waited for have used, in ns, up to 20 ms less; 0 where /proc does not
 * tell. */
int64_t procfs_children_ns(pid_t pid);

/* How many threads the calling process has; 0 where /proc does not tell. */
int64_t procfs_threads(void);

#endif
