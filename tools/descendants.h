/*
 * descendants.h - the processes below one, and signals that cannot hit another.
 *
 * Owns:    struct descendants.
 * Called:  supervisor_sweep.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_DESCENDANTS_H
#define RL_TOOLS_DESCENDANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct descendant {
	pid_t pid, parent;
};

struct descendants {
	struct descendant *process;
	size_t count, room;
};

/* Lists the children of a process, dead or not. */
void descendants_note_children(struct descendants *list, pid_t parent);

/*
 * Lists everybody below `top` who is not dead, but for `others` among its children and who is
 * below them. What was in the list is forgotten.
 */
void descendants_find(struct descendants *list, pid_t top, const struct descendants *others);

/* Signals the process that was listed, or nobody if it has died since. Return: whether it was sent. */
bool descendants_signal(const struct descendant *process, int signal);

/* Its name as ps shows it. Return: whether it still is there. */
bool descendants_comm(pid_t pid, char *comm, size_t size);

void descendants_free(struct descendants *list);

#endif
