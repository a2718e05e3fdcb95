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
	int timeout_s;		 /* 20 if 0 */
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

/* Absolute paths; the result is good until the next call but three. */
const char *subject_path(const char *name);
const char *library_path(void);
const char *scratch_dir(void); /* empty directory of this test binary, removed at its end */

/* The first integer after `key=` in the output. Fails the test if there is none. */
int64_t out_number(const struct run *run, const char *key);

/* Fields of the record by path, "denied.mem"; the test fails when they are absent. */
int64_t record_int(const struct run *run, const char *path);
bool record_bool(const struct run *run, const char *path);
const char *record_str(const struct run *run, const char *path);
json_t *record_find(const struct run *run, const char *path); /* NULL if absent */

/* How many lines a text has; an unfinished last one counts. */
int count_lines(const char *text);
char *read_text(const char *path); /* whole file, to be freed; NULL if there is none */

/* Each shows what the program wrote when it does not hold. */
#define expect_exit(run, code)	     expect_exit_at(run, code, __FILE__, __LINE__)
#define expect_signal(run, sig)	     expect_signal_at(run, sig, __FILE__, __LINE__)
#define expect_out(run, text)	     expect_out_at(run, text, __FILE__, __LINE__)
#define expect_verdict(run, verdict) expect_verdict_at(run, verdict, __FILE__, __LINE__)
#define expect_record(run)	     expect_record_at(run, __FILE__, __LINE__)
#define expect(run, condition)	     expect_at(run, condition, #condition, __FILE__, __LINE__)
void expect_exit_at(const struct run *run, int code, const char *file, int line);
void expect_signal_at(const struct run *run, int sig, const char *file, int line);
void expect_out_at(const struct run *run, const char *text, const char *file, int line);
void expect_verdict_at(const struct run *run, const char *verdict, const char *file, int line);
void expect_record_at(const struct run *run, const char *file, int line); /* one line, valid, <= 4096 bytes */
void expect_at(const struct run *run, bool condition, const char *text, const char *file, int line);

#define MS  1000000LL
#define SEC 1000000000LL
#define KIB 1024LL
#define MIB 1048576LL

#endif
