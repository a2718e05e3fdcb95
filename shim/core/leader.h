/*
 * leader.h - has every thread of the program ended but the watchdog's?
 *
 * Owns:    nothing; struct leader is the watchdog's.
 * Called:  timer_thread and watchdog, in the thread that is a guest in the
 *          program's process.
 * Context: the watchdog's thread; async-signal-safe, never allocates, leaves
 *          errno alone.
 * Fork:    the child asks anew: leader_find().
 *
 * A program may end its threads one by one, by the system call exit(2): the
 * process would end with the last, if our thread did not keep it alive. Who
 * calls it through syscall() says so first (interpose_exit.c); of one that
 * does not, the word tells that the kernel clears at the first thread's end,
 * at the watchdog's next look. Then it looks from time to time who is left.
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

/* Whether only the calling thread is left. `leaving`: enum watchdog_leaving, what was announced. */
bool leader_left_nobody(struct leader *leader, uint32_t leaving);

/* How long until somebody should look again, INT64_MAX: the first thread has not ended. */
int64_t leader_pause(struct leader *leader);

/* The first thread's exit code, as a wait status. */
int leader_status(void);

#endif
