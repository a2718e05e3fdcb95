/*
 * symbols.h - reads the symbol tables of loaded objects, in one pass.
 *
 * Owns:    which objects were there at start; the tables are the loader's.
 * Called:  real.c, at start and at a function's first use.
 * Context: never allocates, takes no lock, leaves dlerror() alone; see symbols_begin().
 * Fork:    nothing, because what is remembered stays right.
 *
 * dlsym() takes half a microsecond a name and a page or two of libc's for the
 * catching of its errors, which for all our names is a tenth of a start. What
 * this does not find, or does not dare to judge, is for dlsym().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SYMBOLS_H
#define RL_PRELOAD_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

enum { SYMBOL_OBJECTS = 16 };

/* One object's tables, as its dynamic section names them. */
struct symbol_table {
	uintptr_t base;
	const uint32_t *hash;	  /* NULL: it has only the old one */
	const uint32_t *old_hash; /* of System V */
	const void *symbols;
	const char *names;
	const uint16_t *versions; /* NULL: it has none */
};

/* Objects in the order in which names are looked up. */
struct symbols {
	int count;
	bool are_all; /* none had to be left out */
	struct symbol_table table[SYMBOL_OBJECTS];
};

enum symbols_from { SYMBOLS_ALL, SYMBOLS_BEHIND_US, SYMBOLS_KERNEL /* the vdso alone */ };

/*
 * Notes the objects from there on, up to the first that cannot be read.
 * Context: SYMBOLS_BEHIND_US, once it was asked for at start, any thread, async-signal-safe: objects of the
 * start stay, in their order, and those that are loaded later are passed over. The others at start only.
 */
void symbols_begin(struct symbols *symbols, enum symbols_from from);

/*
 * The first definition of a function in its default version.
 * Return: its address, or NULL where dlsym() must be asked.
 */
void *symbols_find(const struct symbols *symbols, const char *name);

#endif
