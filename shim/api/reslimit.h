/*
 * reslimit.h - what a program or a plug-in can say to reslimit, and hear from it.
 *
 * Units: bytes and nanoseconds. Times are of CLOCK_MONOTONIC unless said.
 * A limit that is not set reads as RESLIMIT_UNLIMITED.
 *
 * Every structure begins with its size as the library knows it. Members are
 * only ever added at the end: look at `size` before you read one that is
 * younger than the oldest library you want to work with.
 *
 * Since version 0.1, unless a declaration says otherwise.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RESLIMIT_H
#define RESLIMIT_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RESLIMIT_UNLIMITED INT64_MAX

/* ---- Plug-ins: RESLIMIT_PLUGIN=lib.so[:arg] -----------------------------------------------------------

   A plug-in is a library of yours with conditions of your own. It is loaded
   before main into a process of its own, not into the guarded program: it may
   allocate, lock, print (to nowhere: its descriptors are closed), be slow or
   crash, and the program does not notice. That process is nobody's child, is
   in no budget, has no RESLIMIT_ variables, and ends with the tree.

   Everything is called in that process's one thread, one call at a time. A
   call that has not come back after ten RESLIMIT_TICKs, but at least one
   second, is taken to hang: the process is ended, the record says so, and all
   other limits go on. */

/* The tree as it is now: all processes that share the budget. */
struct reslimit_sample {
	size_t size;   /* of this structure, as the library knows it */
	pid_t pid;     /* process that the budget was opened for; it may have ended */
	int64_t at_ns; /* when the sample was taken */
	int64_t tick_ns;

	int64_t mem_bytes; /* charged to MEM now; exact */
	int64_t mem_peak_bytes;
	int64_t mem_limit_bytes;
	int64_t rss_bytes; /* sum of the resident sets; shared pages count in each */
	int64_t threads;   /* beside each process's first */
	int64_t threads_limit;
	int64_t procs;	     /* with the first */
	int64_t procs_limit; /* beside the first */
	int64_t wall_ns;     /* since main */
	int64_t wall_limit_ns;
	int64_t cpu_ns; /* user and system, of dead processes too */
	int64_t cpu_limit_ns;
};

/*
 * Required. Called once a RESLIMIT_TICK, first one tick after main began.
 * `sample` is good until it returns; `state` is what reslimit_init() left
 * there, or NULL.
 * Return: 0 if all is well; anything else is a violation of the limit
 * `plugin`, with the verdict custom:NAME, NAME being the library's file name
 * without directory and without .so; the record shows the number.
 */
int reslimit_check(const struct reslimit_sample *sample, void *state);

/*
 * Optional. Called once, before main and before the clocks begin, in the
 * program's working directory; `arg` is what follows the first colon of
 * RESLIMIT_PLUGIN, or "". The place to note a baseline. It has ten seconds.
 * Return: 0; anything else stops the program before main, with status 125 and
 * the number in one line on stderr.
 */
int reslimit_init(const char *arg, void **state);

struct reslimit_violation {
	size_t size;
	int code;	  /* what reslimit_check() returned */
	const char *name; /* as in the verdict, without custom: */
	const struct reslimit_sample *sample;
};

/* What becomes of a violation. A positive number is a signal that takes the place of the list's first step.
 */
enum reslimit_decision {
	RESLIMIT_DEFAULT = 0, /* RESLIMIT_PLUGIN_ACTION, or TERM,KILL */
	RESLIMIT_KEEP = -1,   /* let it go on; the next check decides anew */
	RESLIMIT_ABORT = -2,  /* KILL at once */
};

/*
 * Optional. Called after a check that found a violation, before any step.
 * If it hangs or crashes, RESLIMIT_DEFAULT holds.
 * Return: an enum reslimit_decision or a signal number; what is neither is
 * taken for RESLIMIT_DEFAULT.
 */
int reslimit_on_violation(const struct reslimit_violation *violation, void *state);

#ifdef __cplusplus
}
#endif

#endif
