/*
 * caretaker.h - who gives a terminal's line back if the supervisor is killed.
 *
 * Owns:    a process, and the pipe by which it learns of our end.
 * Called:  supervisor_output, where gauges are shown.
 * Context: one thread.
 * Fork:    the process shares our memory, so that it knows what to undo, has a
 *          table of descriptors and a session of its own, and makes raw system calls only.
 *
 * A scroll region outlives who made it. Nothing in a process that gets SIGKILL
 * runs any more, and the kernel knows nothing of regions.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_CARETAKER_H
#define RL_TOOLS_CARETAKER_H

#include <stdatomic.h>
#include <stdint.h>
#include <sys/types.h>

struct caretaker {
	pid_t pid; /* 0: there is none */
	int pipe;  /* the end that our death closes */
	char undo[64];
	/* Of `undo`; 0: there is nothing to undo. Writer: we, once `undo` is complete. */
	_Atomic uint32_t len;
};

/* Begins to watch over the terminal `fd`. Without room for a process there is no caretaker. */
void caretaker_start(struct caretaker *caretaker, int fd);

/* Lets it go, with nothing to undo any more. */
void caretaker_end(struct caretaker *caretaker);

#endif
