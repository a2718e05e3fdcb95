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

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Of a limit: there is none. */
#define RESLIMIT_UNLIMITED INT64_MAX

/* ---- Progress: RESLIMIT_IDLE=TIME ----------------------------------------------------------------------

   Functions of the library are there only in a process that is guarded. They
   are declared weak, so that a program that calls them is linked and runs
   without reslimit; the macros of the same names then answer in their place. */

/*
 * Tells that the program gets on: the limit on idle time, of this process's
 * budget and of those around it, begins anew. It costs a look at the clock and a
 * store, without a system call or a lock: call it in every round of a loop.
 *
 * It does not move RESLIMIT_WALL, which is what ends a program whose main work
 * hangs while another thread goes on telling progress: set both.
 *
 * Any thread, signal handlers, a child of fork() before exec.
 * Return: 0; -1 with errno ENOENT: no limit on idle time is set, or nobody guards.
 */
int reslimit_progress(void) __attribute__((weak));

/* What the macros of this file answer where the library is not there. Return: -1 with errno ENOENT. */
static inline int reslimit_is_absent(void)
{
	errno = ENOENT;
	return -1;
}
#define reslimit_progress() (reslimit_progress ? reslimit_progress() : reslimit_is_absent())

/* ---- The step `call`: a callback at a limit --------------------------------------------------------------
 */

/* Why a callback is called. */
struct reslimit_event {
	size_t size;	       /* of this structure, as the library knows it */
	const char *limit;     /* "mem", "wall", ..., or custom:NAME */
	int64_t limit_value;   /* bytes, a count, or ns; for custom: conditions nothing of interest */
	int64_t at_ns;	       /* when the limit's steps began */
	int64_t next_ns;       /* when the next step is taken; RESLIMIT_UNLIMITED if there is none */
	const char *next;      /* "TERM", "KILL", "call", or NULL */
	const char *refused;   /* the function that was refused in this thread, as "malloc", or NULL */
	int64_t refused_bytes; /* what it asked for; 0 if not memory */
};

/*
 * Registers a callback for the step `call` of action lists, as in
 * RESLIMIT_WALL_ACTION=call:1s,TERM,KILL; NULL for none. A second one takes the
 * first one's place. It is kept over fork and lost by exec.
 *
 * If the step is the first at the refusal of a call (malloc, pthread_create,
 * fork, ...) it runs in the refused thread, before that call returns, and may
 * do what may be done there: if a signal handler allocates, it is in one.
 *
 * Otherwise it runs in a signal handler, in a thread that the kernel chooses, the
 * first thread if that does not block the signal: it may call what
 * signal-safety(7) lists. The signal is a real-time one without a handler, taken
 * from SIGRTMAX-1 downwards at the first registration, with SA_RESTART and SA_ONSTACK.
 * Where all threads block it the step comes to nothing; a program that takes
 * the signal for itself, or puts it back to SIG_DFL, has no callback any more.
 *
 * The next step comes when its time is there, whether or not the callback has
 * returned; it may also leave by siglongjmp(). errno is kept. It runs once a
 * step in each process of the tree that registered one; at a refusal in that
 * process only. Where no process did, the record says "skipped" and the next
 * step is taken at once.
 *
 * Thread-safe; not to be called in a signal handler or between fork and exec.
 * Return: 0; or -1 and errno: ENOENT if nothing guards this process, EAGAIN if
 * every real-time signal has a handler.
 */
int reslimit_on_limit(void (*callback)(const struct reslimit_event *event, void *arg), void *arg)
	__attribute__((weak));
#define reslimit_on_limit(callback, arg)                                                                     \
	(reslimit_on_limit ? reslimit_on_limit(callback, arg) : reslimit_is_absent())

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
	size_t size;	 /* of this structure, as the library knows it */
	pid_t pid;	 /* process that the budget was opened for; it may have ended */
	int64_t at_ns;	 /* when the sample was taken */
	int64_t tick_ns; /* RESLIMIT_TICK: from one check to the next */

	int64_t mem_bytes;	 /* charged to MEM now */
	int64_t mem_peak_bytes;	 /* the most that ever was */
	int64_t mem_limit_bytes; /* RESLIMIT_MEM; of each limit below the like */
	int64_t rss_bytes;	 /* sum of the resident sets; shared pages count in each */
	int64_t threads;	 /* beside each process's first */
	int64_t threads_limit;
	int64_t procs;	     /* with the first */
	int64_t procs_limit; /* beside the first */
	int64_t wall_ns;     /* since main, without what RESLIMIT_WALL leaves out */
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

/* What reslimit_on_violation() is told. */
struct reslimit_violation {
	size_t size;			      /* of this structure, as the library knows it */
	int code;			      /* what reslimit_check() returned */
	const char *name;		      /* as in the verdict, without custom: */
	const struct reslimit_sample *sample; /* that it returned it for; good until the call returns */
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
