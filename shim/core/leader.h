/*
 * leader.h - has every thread of the program ended but the watchdog's?
 *
 * Owns:    nothing; struct leader is the watchdog's.
 * Called:  watchdog, in the thread that is a guest in the program's process.
 * Context: the watchdog's thread; async-signal-safe, never allocates, leaves
 *          errno alone.
 * Fork:    the child asks anew: leader_find().
 *
 * A program may end its threads one by one, by the system call exit(2): the
 * process would end with the last, if our thread did not keep it alive. The
 * kernel clears a word of the first thread's when that ends and wakes who
 * waits for it: the watchdog waits for it besides its own word, which costs
 * no wake-up. From then on it looks from time to time who is left.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_LEADER_H
#define RL_CORE_LEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct leader {
	_Atomic uint32_t *word; /* cleared at the end of the first thread; NULL: not known, or ended */
	pid_t pid;
	bool ended;
	int64_t pause_ns; /* to the next look at who is left */
};

/* Finds the word. Context: the first thread of a process; any other finds nothing. */
void leader_find(struct leader *leader);

/* Sleeps until *own changes, the first thread ends, or that time comes. */
void leader_wait(struct leader *leader, _Atomic uint32_t *own, uint32_t value, int64_t until_ns);

/* Whether only the calling thread is left. */
bool leader_left_nobody(const struct leader *leader);

/* The first thread's exit code, as a wait status. */
int leader_status(void);

#endif
