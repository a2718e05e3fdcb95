/*
 * tables.h - libsmartcols, loaded when a table is to be printed.
 *
 * Owns:    the library's handle.
 * Called:  who prints tables.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is nothing to undo.
 *
 * Linked in the usual way it would be loaded for reslimit run too, which
 * prints none: a tenth of what a start takes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_TABLES_H
#define RL_TOOLS_TABLES_H

#if __has_include(<libsmartcols.h>) /* as pkg-config leads to it */
#include <libsmartcols.h>
#elif __has_include(<libsmartcols/libsmartcols.h>)
#include <libsmartcols/libsmartcols.h>
#else
#error "libsmartcols is missing: apt-get install libsmartcols-dev, or make deps"
#endif

/* A row makes the typed pointer, its type taken from the library's declaration, and its resolution. */
#define TABLES_FUNCTIONS(X)                                                                                  \
	X(new_table)                                                                                         \
	X(unref_table)                                                                                       \
	X(table_new_column)                                                                                  \
	X(table_new_line)                                                                                    \
	X(line_set_data)                                                                                     \
	X(table_set_termforce)                                                                               \
	X(table_set_termwidth)                                                                               \
	X(table_is_empty)                                                                                    \
	X(print_table_to_string)

#define TABLES_POINTER(name) __typeof__(scols_##name) *name;
struct tables {
	TABLES_FUNCTIONS(TABLES_POINTER)
};

/* The library's functions, without their scols_, or NULL after a complaint. */
const struct tables *tables_load(void);

#endif
