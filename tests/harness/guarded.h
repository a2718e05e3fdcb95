/*
 * guarded.h - runs a program under the shim and keeps all that can be seen of it from outside.
 *
 * Owns:    each struct run, until run_free().
 * Called:  tests/preload/test_*.c.
 * Context: one thread.
 * Fork:    the program is a process group of its own; nothing of it survives run_guarded().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_GUARDED_H
#define RL_TEST_GUARDED_H

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

/* What the program exits with when the shim refuses to let it start. */
enum { EXIT_REFUSED_TO_START = 125 };

/* The descriptor on which a program finds the pipe for its record. */
enum { RECORD_FD = 9 };

/* Lists of strings as compound literals. */
#define ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})
#define SET(...)  ((const char *const[]){__VA_ARGS__, NULL})

struct spec {
	const char *const *argv; /* argv[0] without a slash is a subject, else a path */
	const char *const *set;	 /* NAME=value; MEM=1M stands for RESLIMIT_MEM=1M unless `verbatim` */
	bool verbatim;		 /* names in `set` are complete; NAME alone unsets */
	bool bare;		 /* without the shim */
	bool no_record;		 /* no pipe for the record, no RESLIMIT_STATUS_FD */
	const char *preload;	 /* further LD_PRELOAD entries, after ours */
	int timeout_s;		 /* 180 if 0: it is for what hangs */
	void (*prepare)(const void *arg); /* in the child, last before exec */
	const void *arg;
};

struct run {
	int status; /* as waitpid gives it */
	bool timed_out;
	pid_t pid;
	int64_t elapsed_ns; /* until the program's end */
	int64_t tree_ns;    /* until nobody held its output or record open any more */
	struct rusage usage;
	char *out, *err, *record;
	size_t out_len, err_len, record_len;
	json_t *json; /* the record's first line, NULL unless it is valid */
};

/* Runs a program to its end, or kills it and fails the test after the timeout. */
struct run *run_guarded(const struct spec *spec);
void run_free(struct run *run);

/* The same for the two commonest cases. */
struct run *guarded(const char *const set[], const char *const argv[]);
struct run *bare(const char *const argv[]);

/*
 * How late a machine that does other things too may make what takes its time, at its best out of several
 * tries; the bench measures the real figures.
 */
#define LATE (250 * MS)

/*
 * Runs it again, a few times at the most, for as long as `is_disturbed` says that the machine was in the way.
 * A fault of ours is there each time; the last run is given back either way.
 */
struct run *run_undisturbed(const struct spec *spec, bool (*is_disturbed)(const struct run *, const void *),
			    const void *arg);

/* The same for as long as the last of the tree is not gone between these times. */
struct run *run_between(const struct spec *spec, int64_t from_ns, int64_t until_ns);

/* A guarded program whose tree is to be gone at that time: again if it was late, and never if it was early.
 */
struct run *guarded_due(int64_t due_ns, const char *const set[], const char *const argv[]);

/* Absolute paths; the result is good until the next call but three. */
const char *subject_path(const char *name);
const char *library_path(void);
const char *scratch_dir(void);		    /* empty directory of this test binary, removed at its end */
const char *scratch_path(const char *name); /* in it; the next three calls leave it alone */

/* For spec.prepare: the program runs as a user who owns nothing. */
void become_nobody(const void *unused);
/* Whether that one can: the build may lie where another user cannot read. */
bool nobody_can_run(const char *program);

#define MS  1000000LL
#define SEC 1000000000LL
#define KIB 1024LL
#define MIB 1048576LL

/* What libc and the loader may hold in a small C program, beside what it asks for. */
#define BASELINE (128 * KIB)

#include "judged.h"

#endif
