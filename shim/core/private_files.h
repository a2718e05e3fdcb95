/*
 * private_files.h - a descriptor table of its own for the watchdog's thread.
 *
 * Owns:    nothing; changes which table the calling thread uses.
 * Called:  timer_thread; record and logline reach the program's descriptors.
 * Context: async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing: a fork copies the table of the thread that calls it, which
 *          is never the watchdog's.
 *
 * The watchdog opens files of /proc while the program runs. In a table that
 * both share, such a descriptor would for a moment be the lowest that is free,
 * and an open() of the program that counts on a number would get another; a
 * fork in that moment would hand it on.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PRIVATE_FILES_H
#define RL_CORE_PRIVATE_FILES_H

#include <stdbool.h>

/* Whether a thread with a table of its own could still reach the program's: whether the kernel has the calls,
 * and no filter refuses them. */
bool private_files_can_be(void);

/*
 * Gives the calling thread a table in which only `count` descriptors of the
 * old one are open, the least first, each above 0.
 * Return: false if the kernel refuses; nothing has changed then.
 */
bool private_files_begin(const int *keep, int count);

/* A copy, for the calling thread, of the program's descriptor. Return: a descriptor to close, or -errno. */
int private_files_borrow(int fd);

#endif
