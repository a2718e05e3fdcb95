/*
 * setting_list.c - settings that are lists; see setting_list.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "setting_list.h"

#include <errno.h>
#include <string.h>

size_t setting_list_item(const char *list, size_t len, char separator)
{
	const char *end = memchr(list, separator, len);

	return end ? (size_t)(end - list) : len;
}

int setting_list_refuse_item(struct fmt *why, const char *kind, const char *item, size_t len,
			     const char *what)
{
	fmt_str(why, kind);
	fmt_str(why, " '");
	fmt_printable(why, item, len);
	fmt_str(why, "' ");
	fmt_str(why, what);
	return -EINVAL;
}

int setting_list_refuse_more(struct fmt *why, int most, const char *kinds)
{
	fmt_str(why, "more than ");
	fmt_int(why, most);
	fmt_char(why, ' ');
	fmt_str(why, kinds);
	fmt_str(why, "; give fewer");
	return -EINVAL;
}
