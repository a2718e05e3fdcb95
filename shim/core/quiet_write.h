/*
 * quiet_write.h - writes that neither raise a signal in the guarded program nor hold it up.
 *
 * Owns:    nothing; the signal mask is back as it was on return.
 * Called:  record, logline, trace, stacks; sinks; startup for its complaint.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * A pipe without a reader raises SIGPIPE, a file that may not grow SIGXFSZ;
 * either would end a program that wrote nothing itself. To open a named pipe
 * that nobody reads waits for a reader, and so would the program's start and end.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_QUIET_WRITE_H
#define RL_CORE_QUIET_WRITE_H

#include <stddef.h>

/*
 * Opens a file for appending, makes it if it is missing.
 * Return: the descriptor, or -errno; -ENXIO for a named pipe without a reader.
 */
int quiet_open(const char *path);

/* One write. Return: as write(2), or -errno. */
long quiet_write(int fd, const char *bytes, size_t len);

#endif
