/*
 * exec_mark.h - the kernel notes in the ledger that an exec has let go of our memory.
 *
 * Owns:    slot.executed, until a sweep or the next program's start clears it.
 * Called:  interpose_exec, around the call; interpose_clone and interpose_syscall, where memory is shared.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone. Not in a vfork child.
 * Fork:    nothing: a child's exec has a mark of its own.
 *
 * Who executes a program that does not load us (a static one, a set-user-ID one) cannot give back what it had
 * charged. Before the exec is too early: it may fail, and what was given back be somebody else's by then.
 * After it nobody is there. But the kernel walks a thread's list of robust futexes when an exec lets go of
 * its memory, and writes to each that its owner died. libc's list has a word for a futex that is being taken;
 * for the length of the call that is one in the slot. Whoever looks for room finds the mark (sweep.c).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_EXEC_MARK_H
#define RL_PRELOAD_EXEC_MARK_H

#include <linux/futex.h>
#include <stdbool.h>

struct exec_mark {
	struct robust_list_head *list; /* NULL: there will be no mark */
	struct robust_list_head own;   /* of a thread that has none */
};

void exec_mark_begin(struct exec_mark *mark);

/* The exec has failed. */
void exec_mark_end(struct exec_mark *mark);

/* A process that shares our memory has been made: it may keep it when we execute. */
void exec_mark_forbid(void);

#endif
