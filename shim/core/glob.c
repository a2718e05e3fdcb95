/*
 * glob.c - shell patterns on names; see glob.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "glob.h"

#include <stddef.h>

/* The byte after the `]` that closes the set which `set`, behind its `[`, begins; NULL if none does. */
static const char *end_of_set(const char *set)
{
	if (*set == '!' || *set == '^')
		set++;
	if (*set == ']')
		set++;
	while (*set && *set != ']')
		set++;
	return *set ? set + 1 : NULL;
}

static bool is_in_set(const char *set, unsigned char c)
{
	bool negated = *set == '!' || *set == '^';
	bool found = false;
	const char *first = set += negated;

	for (; *set != ']' || set == first; set++) {
		unsigned char low = (unsigned char)*set, high = low;

		if (set[1] == '-' && set[2] != ']') {
			high = (unsigned char)set[2];
			set += 2;
		}
		found |= low <= c && c <= high;
	}
	return found != negated;
}

/* Whether the pattern's next element, which is not a `*`, takes the byte c; *next is what follows it. */
static bool takes(const char *pattern, char c, const char **next)
{
	switch (*pattern) {
	case '?':
		*next = pattern + 1;
		return true;
	case '[':
		*next = end_of_set(pattern + 1);
		return is_in_set(pattern + 1, (unsigned char)c);
	case '\\':
		*next = pattern + 2;
		return pattern[1] == c;
	default:
		*next = pattern + 1;
		return *pattern == c;
	}
}

bool glob_is_valid(const char *pattern)
{
	while (*pattern) {
		if (*pattern == '\\' && !pattern[1])
			return false;
		if (*pattern != '[') {
			pattern += *pattern == '\\' ? 2 : 1;
			continue;
		}
		pattern = end_of_set(pattern + 1);
		if (!pattern)
			return false;
	}
	return true;
}

bool glob_matches(const char *pattern, const char *text)
{
	const char *after_star = NULL, *star_took = NULL;

	for (;;) {
		const char *next;

		if (*pattern == '*') {
			after_star = ++pattern;
			star_took = text;
		} else if (*text && *pattern && takes(pattern, *text, &next)) {
			pattern = next;
			text++;
		} else if (!*text && !*pattern) {
			return true;
		} else if (after_star && *star_took) {
			/* Only the last star need give way: what an earlier one took is settled. */
			pattern = after_star;
			text = ++star_took;
		} else {
			return false;
		}
	}
}
