/*
 * preload_list.c - the entries of LD_PRELOAD; see preload_list.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "preload_list.h"

#include <string.h>

#include "attrs.h"

static bool is_separator(char c)
{
	return c == PRELOAD_SEPARATORS[0] || c == PRELOAD_SEPARATORS[1];
}

/* Hot for its place: each forked child that executes comes here, and otherwise not onto this page. */
RL_HOT size_t preload_next(const char **list, const char **entry)
{
	size_t len = 0;

	while (is_separator(**list))
		++*list;
	*entry = *list;
	while ((*list)[len] && !is_separator((*list)[len]))
		len++;
	*list += len;
	return len;
}

bool preload_is_library(const char *entry, size_t len)
{
	size_t name_len = strlen(PRELOAD_LIBRARY);

	if (len < name_len || memcmp(entry + len - name_len, PRELOAD_LIBRARY, name_len) != 0)
		return false;
	return len == name_len || entry[len - name_len - 1] == '/';
}
