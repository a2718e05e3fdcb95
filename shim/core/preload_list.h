/*
 * preload_list.h - the entries of LD_PRELOAD, and which of them is this library.
 *
 * Owns:    nothing.
 * Called:  environment, for what a program executes; the tools, for the program itself.
 * Context: any thread, async-signal-safe, vfork child, never allocates, leaves
 *          errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_PRELOAD_LIST_H
#define RL_CORE_PRELOAD_LIST_H

#include <stdbool.h>
#include <stddef.h>

/* dladdr would tell the name, but takes 10 us; whoever renames the file keeps LD_PRELOAD as it is. */
#define PRELOAD_LIBRARY "libreslimit_preload.so"

/* What separates entries; the loader knows no way to quote them. */
#define PRELOAD_SEPARATORS " :"

/*
 * The next entry at or behind `*list`, which moves behind it. An empty one is passed over.
 * Return: its length, 0 at the end.
 */
size_t preload_next(const char **list, const char **entry);

/* Whether an entry is the library, be it another copy: two of them would count everything twice. */
bool preload_is_library(const char *entry, size_t len);

#endif
