/*
 * modules.h - what code a process has mapped, and what a code address is called.
 *
 * Owns:    nothing; struct modules is the caller's (large: not for a stack).
 * Called:  unwind, stacks.
 * Context: the watchdog's thread or the process that it starts for stacks;
 *          async-signal-safe, never allocates, leaves errno alone. Reads
 *          /proc/PID/maps, because dl_iterate_phdr() takes the loader's lock.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_MODULES_H
#define RL_CORE_MODULES_H

#include "peek.h"

enum { MODULES_MAX = 256, MODULE_NAME = 40 };

/* One executable mapping. */
struct module {
	uint64_t start, end;
	uint64_t base;	/* where the file's first byte lies */
	uint64_t bias;	/* what its addresses are moved by; valid once examined */
	uint64_t index; /* address of .eh_frame_hdr, 0: none */
	bool examined;
	char name[MODULE_NAME]; /* last part of the path; "[vdso]"; "[anon]" */
};

struct modules {
	int count;
	bool cut; /* there are more */
	struct module module[MODULES_MAX];
};

/* Reads the mappings of the process that `peek` reads; "self" is asked for its own. Return: 0 or -errno. */
int modules_read(struct modules *modules, pid_t pid, int64_t until_ns);

/* The module that holds an address of code, its ELF header looked at; or NULL. */
struct module *modules_find(struct modules *modules, struct peek *peek, uint64_t address);

/* Whether an address lies in code, without looking closer. */
bool modules_is_code(const struct modules *modules, uint64_t address);

#endif
