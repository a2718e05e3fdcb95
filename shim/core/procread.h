/*
 * procread.h - small files and numbered directories of /proc, read whole.
 *
 * Owns:    nothing.
 * Called:  whoever asks the kernel about a process or a thread.
 * Context: any thread, async-signal-safe, vfork child, never allocates, leaves
 *          errno alone.
 * Fork:    nothing, because there is no state.
 *
 * A file is opened for each look: a descriptor that is kept would be the
 * program's to close or to hand on. Who looks often keeps one (procfile.h).
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PROCREAD_H
#define RL_CORE_PROCREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fmt.h"

/* "/proc/PID/NAME"; pid 0 is the calling process. */
void procread_put_path(struct fmt *path, pid_t pid, const char *name);

/* That file, to read as much of it as one likes. Return: a descriptor, or -errno. */
int procread_open(pid_t pid, const char *name);

/* The first size - 1 bytes of a file; the text ends in NUL. Return: how many, or -errno. */
long procread_file(const char *path, char *text, size_t size);

/* The same of /proc/PID/NAME; pid 0 is the calling process. */
long procread_text(pid_t pid, const char *name, char *text, size_t size);

/* The number that a text begins with, behind spaces and tabs; 0 if there is none. */
int64_t procread_number(const char *text);

/* The number that a text begins with in hexadecimal digits. Return: what follows them. */
const char *procread_hex(const char *text, uint64_t *value);

/* The number behind `key`, as "\nThreads:"; 0 where the text has no such key. */
int64_t procread_field(const char *text, const char *key);

/*
 * Calls `each` for every entry of a directory whose name is a number, until it returns false.
 * Return: 0 when all were listed, 1 if `each` ended it, or -errno.
 */
typedef bool procread_each(void *context, int64_t number);
int procread_numbers(const char *path, procread_each *each, void *context);

#endif
