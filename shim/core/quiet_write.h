/*
 * quiet_write.h - a write that raises no signal in the guarded program.
 *
 * Owns:    nothing; the signal mask is back as it was on return.
 * Called:  record, logline, trace.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * A pipe without a reader raises SIGPIPE, a file that may not grow SIGXFSZ;
 * either would end a program that wrote nothing itself.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_QUIET_WRITE_H
#define RL_CORE_QUIET_WRITE_H

#include <stddef.h>

/* One write. Return: as write(2), or -errno. */
long quiet_write(int fd, const char *bytes, size_t len);

#endif
