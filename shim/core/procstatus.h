/*
 * procstatus.h - numbers from /proc/PID/status, and the number of open descriptors.
 *
 * Owns:    nothing.
 * Called:  meter_watch, at the start too, to see which fields there are; signal_state.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PROCSTATUS_H
#define RL_CORE_PROCSTATUS_H

#include <stddef.h>
#include <stdint.h>

/* Called for each field that holds one number: bytes where the file has kB. */
typedef void procstatus_field(void *context, const char *name, size_t len, int64_t value);

/* Called for each field, with what it holds; NUL follows. */
typedef void procstatus_text(void *context, const char *name, size_t len, const char *text, size_t text_len);

/*
 * Read a status file from where `fd` stands. It may be long: the groups of a user can be thousands. Lines of
 * more than 96 bytes are passed over.
 */
void procstatus_read(int fd, procstatus_field *field, void *context);
void procstatus_read_text(int fd, procstatus_text *field, void *context);

/*
 * How many descriptors are open. `path` is the process's fd directory; `fd` is
 * that directory at its beginning, for kernels before Linux 6.2, or -1.
 * Return: the number, or -1 if it cannot be told.
 */
int64_t procstatus_descriptors(const char *path, int fd);

#endif
