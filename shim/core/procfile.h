/*
 * procfile.h - a file of /proc that is read again and again.
 *
 * Owns:    its descriptor.
 * Called:  meter_watch, in the timer thread and in who makes it; record, to
 *          tell what is open.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    the child opens its own: what it inherits tells of its parent.
 *
 * A timer thread may have to share the program's table of descriptors (see
 * private_files.h). Were it to open a file for each look, a program that closes
 * 0 and opens another in its place could get 1. So the file is opened once,
 * before main, and kept above the numbers that programs use; a program that
 * closes it all the same, or puts another file there, is noticed before each
 * look.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PROCFILE_H
#define RL_CORE_PROCFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct procfile {
	int fd; /* 0: not open; it never is descriptor 0 */
	uint64_t dev, ino;
};

/* Opens `path`, or stays closed if that fails. Closes what was open before. */
void procfile_open(struct procfile *file, const char *path);

/* The descriptor, at the file's beginning, opened again if the program closed it; or -1. */
int procfile_rewind(struct procfile *file, const char *path);

/*
 * Whether `fd` is that file among the program's descriptors, whichever table the
 * calling thread has. A file of ours that the program closed is not counted.
 */
bool procfile_is_programs(int fd, uint64_t dev, uint64_t ino);

void procfile_close(struct procfile *file);

#endif
