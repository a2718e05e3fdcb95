/*
 * capture.h - the program's standard output and error into files, by way of pipes.
 *
 * Owns:    the pipes, the files, the thread that carries bytes between them.
 * Called:  the supervisor, in the order open, in_child (in the child), start,
 *          finish, free.
 * Context: one thread, may allocate; in_child is async-signal-safe.
 * Fork:    the child takes its ends by capture_in_child(); all else is closed
 *          by its exec.
 *
 * A thread of its own does the work, because a slow disk must not delay the
 * watchdog. It has all signals blocked, so neither a reader that is gone nor
 * a limit on file sizes raises one. When a file cannot be written any more,
 * what comes is read and counted as lost: the program never waits for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_CAPTURE_H
#define RL_TOOLS_CAPTURE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/fmt.h"
#include "keeper.h"
#include "stamper.h"

enum { CAPTURE_OUT, CAPTURE_ERR, CAPTURE_STREAMS };

/* "stdout" and "stderr": options, files and keys. */
extern const char *const CAPTURE_NAMES[];

/* As the options say it. */
struct capture_options {
	const char *out, *err; /* --stdout, --stderr; NULL: not captured */
	const char *dir;       /* --capture: both, into files of that directory */
	const char *limit;     /* --capture-limit; NULL: none */
	bool stamps;	       /* --timestamps */
};

struct capture_stream {
	char *path;	  /* NULL: not captured */
	int shared;	  /* index of the stream whose pipe and file this one uses; its own otherwise */
	int from, to, fd; /* the pipe's ends and the file; -1: closed */
	int64_t bytes;	  /* that the program wrote */
	int64_t cut;	  /* that the limit left out */
	struct keeper keeper;
	struct stamper stamper;
};

struct capture {
	struct capture_stream stream[CAPTURE_STREAMS];
	bool wanted;
	bool stamps;
	bool running;
	int64_t start_ns; /* CLOCK_MONOTONIC; stamps count from here */
	int stop_fd;
	pthread_t thread;
	char *in, *out; /* the thread's buffers */
};

/*
 * Opens the files and the pipes; does nothing if no option asks for it.
 * Return: 0, or -1 after a complaint.
 */
int capture_open(struct capture *capture, const struct capture_options *options);

/* Puts the pipes on 1 and 2. Context: fork child, async-signal-safe. Return: 0 or -errno. */
int capture_in_child(const struct capture *capture);

/* Lets go of the child's ends and begins to read. Return: 0 or -errno. */
int capture_start(struct capture *capture, int64_t start_ns);

/* Once the tree is gone: takes what is still in the pipes, waits for no one who holds them open. */
void capture_finish(struct capture *capture);

/* Writes {"stdout_bytes":..,"stdout_lost":..,...}, the record's key "capture", after capture_finish(). */
void capture_describe(const struct capture *capture, struct fmt *f);

void capture_free(struct capture *capture);

#endif
