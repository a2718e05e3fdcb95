/*
 * real.h - the next definition of each hooked function.
 *
 * Owns:    struct real; alone calls dlsym.
 * Called:  interposers.
 * Context: reading: any thread, async-signal-safe, vfork child. Resolving: in
 *          the constructor, or in the first allocation of an earlier one.
 * Fork:    nothing, because the pointers stay right.
 *
 * Before they are resolved, the allocation functions point to stand-ins that
 * resolve them if libc is ready, and serve from the boot heap if not; those
 * that map memory point to system calls.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_REAL_H
#define RL_PRELOAD_REAL_H

#include <grp.h>
#include <malloc.h>
#include <pthread.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/sysinfo.h>
#include <threads.h>
#include <unistd.h>
#include <utmp.h>
#include <wordexp.h>

#include "core/attrs.h"
#include "undeclared.h"

/* sigset() is deprecated, but programs still call it. */
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

struct real {
#define RL_BOOTHOOK(name) __typeof__(name) *name;
#define RL_HOOK(name)	  __typeof__(name) *name;
#define RL_REAL(name)	  __typeof__(name) *name;
#define RL_LAZYHOOK(name) __typeof__(name) *name;
#define RL_LATEHOOK(name) __typeof__(name) *name;
#define RL_LATEREAL(name) __typeof__(name) *name;
#include "interpose.def"
};

extern struct real real RL_HIDDEN;

/* Looks all of them up. Missing ones stay NULL. */
void real_resolve(void);

/* For a hook that may be called before the constructor. */
static inline void real_ensure(void)
{
	if (__builtin_expect(!real.fork, 0))
		real_resolve();
}

/*
 * The next definition of a row that is looked up at its first use; NULL if there is none.
 * Context: any thread; of a lazy row also in a signal handler and a vfork child.
 */
void *real_find(void **known, const char *name);
#define REAL_LATE(name) (real_find((void **)&real.name, #name), real.name)

/* What another object would call by that name; to see whether it is ours. */
void *real_seen_by_program(const char *name);

/* A function of a library that dlopen() returned, or NULL. May allocate: for the plug-in's host. */
void *real_symbol_of(void *library, const char *name);

/* Whether the next malloc is libc's own. */
bool real_is_libc_malloc(void);

#endif
