/*
 * tables.c - libsmartcols, loaded when a table is to be printed; see tables.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "tables.h"

#include <assert.h>
#include <dlfcn.h>
#include <string.h>

#include "cli.h"
#include "core/attrs.h"

static const char LIBRARY[] = "libsmartcols.so.1";

static struct tables tables;

/* In the order of the pointers in struct tables. */
#define TABLES_NAME(name) "scols_" #name,
static const char *const NAMES[] = {TABLES_FUNCTIONS(TABLES_NAME)};

const struct tables *tables_load(void)
{
	void *pointers[RL_ARRAY_LEN(NAMES)], *library;

	if (tables.new_table)
		return &tables;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	for (size_t i = 0; i < RL_ARRAY_LEN(NAMES); i++) {
		pointers[i] = library ? dlsym(library, NAMES[i]) : NULL;
		if (!pointers[i]) {
			cli_complain("%s: cannot be loaded; install it to see tables, or give --json",
				     LIBRARY);
			return NULL;
		}
	}
	static_assert(sizeof(pointers) == sizeof(tables), "nothing but pointers");
	memcpy(&tables, pointers, sizeof(tables));
	return &tables;
}
