/*
 * placeholders.c - %p and %n in the names of files; see placeholders.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "placeholders.h"

static void put_name(struct fmt *f, const char *name)
{
	for (; *name; name++)
		fmt_char(f, *name == '/' ? '_' : *name);
}

void placeholders_expand(struct fmt *f, const char *pattern, const struct account *a)
{
	for (const char *s = pattern; *s; s++) {
		if (*s != '%' || !s[1]) {
			fmt_char(f, *s);
			continue;
		}
		s++;
		if (*s == 'p')
			fmt_int(f, a->root_pid);
		else if (*s == 'n')
			put_name(f, a->name);
		else
			fmt_char(f, *s);
	}
}
