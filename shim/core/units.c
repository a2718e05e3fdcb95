/*
 * units.c - reads sizes, times and counts; see units.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "units.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "../contract/limits.h"
#include "attrs.h"

struct unit {
	const char *name;
	int64_t factor;
};

static const struct unit SIZE_UNITS[] = {
	{"", 1},
	{"B", 1},
	{"K", 1LL << 10},
	{"KiB", 1LL << 10},
	{"M", 1LL << 20},
	{"MiB", 1LL << 20},
	{"G", 1LL << 30},
	{"GiB", 1LL << 30},
	{"T", 1LL << 40},
	{"TiB", 1LL << 40},
	{"KB", 1000},
	{"MB", 1000000},
	{"GB", 1000000000},
	{"TB", 1000000000000},
};

static const struct unit TIME_UNITS[] = {
	{"", 1000000000},  {"ns", 1},	       {"us", 1000},	     {"ms", 1000000},
	{"s", 1000000000}, {"m", 60000000000}, {"h", 3600000000000},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* How many leading characters are digits. */
static size_t digits_len(const char *text, size_t len)
{
	size_t n = 0;

	while (n < len && is_digit(text[n]))
		n++;
	return n;
}

static int read_whole(const char *text, size_t len, int64_t *value)
{
	int64_t v = 0;

	for (size_t i = 0; i < len; i++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, text[i] - '0', &v))
			return -ERANGE;
	*value = v;
	return 0;
}

static const struct unit *find_unit(const struct unit *units, size_t count, const char *text, size_t len)
{
	for (size_t i = 0; i < count; i++)
		if (strlen(units[i].name) == len && !memcmp(units[i].name, text, len))
			return &units[i];
	return NULL;
}

/* The fraction's digits, as parts of the unit; what is finer than 1 is cut. */
static int64_t fraction_of(const char *text, size_t len, int64_t factor)
{
	int64_t part = 0;

	for (size_t i = 0; i < len && factor > 1; i++) {
		part += (text[i] - '0') * factor / 10;
		factor /= 10;
	}
	return part;
}

static int scale(int64_t whole, int64_t factor, int64_t part, int64_t *value)
{
	int64_t v;

	if (__builtin_mul_overflow(whole, factor, &v) || __builtin_add_overflow(v, part, &v) ||
	    v > RL_LIMIT_MAX)
		return -ERANGE;
	*value = v;
	return 0;
}

int units_size(const char *text, size_t len, int64_t *bytes)
{
	size_t digits = digits_len(text, len);
	const struct unit *unit =
		find_unit(SIZE_UNITS, RL_ARRAY_LEN(SIZE_UNITS), text + digits, len - digits);
	int64_t whole;

	if (!digits || !unit)
		return -EINVAL;
	if (read_whole(text, digits, &whole))
		return -ERANGE;
	return scale(whole, unit->factor, 0, bytes);
}

int units_time(const char *text, size_t len, int64_t *ns)
{
	size_t digits = digits_len(text, len);
	bool point = digits < len && text[digits] == '.';
	size_t fraction = point ? digits_len(text + digits + 1, len - digits - 1) : 0;
	size_t used = digits + (point ? 1 + fraction : 0);
	const struct unit *unit = find_unit(TIME_UNITS, RL_ARRAY_LEN(TIME_UNITS), text + used, len - used);
	int64_t whole;

	if (!(digits + fraction) || (point && !fraction) || !unit)
		return -EINVAL;
	if (read_whole(text, digits, &whole))
		return -ERANGE;
	return scale(whole, unit->factor, point ? fraction_of(text + digits + 1, fraction, unit->factor) : 0,
		     ns);
}

int units_count(const char *text, size_t len, int64_t *count)
{
	int64_t whole;

	if (!len || digits_len(text, len) != len)
		return -EINVAL;
	if (read_whole(text, len, &whole))
		return -ERANGE;
	return scale(whole, 1, 0, count);
}
