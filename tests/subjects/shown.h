/*
 * shown.h - what the pages of a window show of shared objects, and how many the ledger should count for it.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_SHOWN_H
#define RL_TEST_SHOWN_H

#include <stdbool.h>

enum { NOTHING = -1, ANONYMOUS = -2, SHOWN_OBJECTS = 4, SHOWN_PAGES = 576 };

struct shown {
	int object, page;
};

/* Which pages of the objects something shows. */
struct seen {
	bool page[SHOWN_OBJECTS][SHOWN_PAGES];
};

/* Each page of an object counts once. Return: how many of n are not in *seen yet; they are then. */
static inline long shown_count(const struct shown *shown, int n, struct seen *seen)
{
	long pages = 0;

	for (const struct shown *s = shown; s < shown + n; s++) {
		if (s->object == ANONYMOUS) {
			pages++;
		} else if (s->object != NOTHING && !seen->page[s->object][s->page]) {
			seen->page[s->object][s->page] = true;
			pages++;
		}
	}
	return pages;
}

#endif
