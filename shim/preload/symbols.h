/*
 * symbols.h - reads the symbol tables of loaded objects, in one pass.
 *
 * Owns:    nothing; the tables are the loader's.
 * Called:  real.c, at start.
 * Context: in our constructor or an earlier one, while nobody loads or unloads
 *          objects; never allocates, takes no lock, leaves dlerror() alone.
 * Fork:    nothing, because there is no state.
 *
 * dlsym() takes half a microsecond a name and a page or two of libc's for the
 * catching of its errors, which for all our names is a tenth of a start. What
 * this does not find, or does not dare to judge, is for dlsym().
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SYMBOLS_H
#define RL_PRELOAD_SYMBOLS_H

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
	struct symbol_table table[SYMBOL_OBJECTS];
};

enum symbols_from { SYMBOLS_ALL, SYMBOLS_BEHIND_US, SYMBOLS_KERNEL /* the vdso alone */ };

/* Notes the objects from there on, up to the first that cannot be read. */
void symbols_begin(struct symbols *symbols, enum symbols_from from);

/*
 * The first definition of a function in its default version.
 * Return: its address, or NULL where dlsym() must be asked.
 */
void *symbols_find(const struct symbols *symbols, const char *name);

#endif
