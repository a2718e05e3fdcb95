/*
 * fmt_json.c - objects of JSON, member by member; see fmt_json.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fmt_json.h"

static void put_comma_behind(struct fmt *f, char opening)
{
	if (f->len && f->buf[f->len - 1] != opening)
		fmt_char(f, ',');
}

void fmt_json_key(struct fmt *f, const char *name)
{
	put_comma_behind(f, '{');
	fmt_char(f, '"');
	fmt_str(f, name);
	fmt_str(f, "\":");
}

void fmt_json_number(struct fmt *f, const char *name, int64_t value)
{
	fmt_json_key(f, name);
	fmt_int(f, value);
}

void fmt_json_bool(struct fmt *f, const char *name, bool value)
{
	fmt_json_key(f, name);
	fmt_str(f, value ? "true" : "false");
}

void fmt_json_text(struct fmt *f, const char *name, const char *value, size_t limit)
{
	fmt_json_key(f, name);
	fmt_json_str(f, value, limit);
}

void fmt_json_open(struct fmt *f, const char *name, char bracket)
{
	fmt_json_key(f, name);
	fmt_char(f, bracket);
}

void fmt_json_element(struct fmt *f)
{
	put_comma_behind(f, '[');
	fmt_char(f, '{');
}
