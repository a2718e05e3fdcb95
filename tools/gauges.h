/*
 * gauges.h - what a tree uses against its limits, on the last line of a terminal.
 *
 * Owns:    the terminal's last line and its scroll region, while it shows.
 * Called:  the supervisor: begin, then draw when due, pause around a stop, end.
 * Context: one thread; pause and end are async-signal-safe too.
 * Fork:    nothing, because the program's exec closes the descriptor.
 *
 * The last line is kept out of the region that scrolls, so that the program's
 * own output goes on above it. Each change is one write: cursor saved, line
 * drawn, cursor back. The terminal is opened anew without blocking: one that
 * is stopped by Ctrl-S must not stop the supervisor.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_GAUGES_H
#define RL_TOOLS_GAUGES_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "caretaker.h"
#include "usage.h"

enum { GAUGES_WIDTH_MAX = 240, GAUGES_PENDING_MAX = 1024 };

struct gauges {
	int fd;		/* -1: nothing to show on */
	bool shows;	/* the scroll region is ours */
	int rows, cols; /* when it was last drawn */
	pid_t group;	/* of the program, which may be the one in the foreground */
	int64_t due_ns; /* CLOCK_MONOTONIC of the next drawing; INT64_MAX: never */
	struct usage usage;
	char pending[GAUGES_PENDING_MAX]; /* what the terminal did not take yet */
	size_t pending_len;
	struct caretaker *caretaker; /* knows how the line is given back; NULL: nobody does */
};

/* Whether `fd` is a terminal to draw on; if not, all that follows does nothing. */
bool gauges_can_show(int fd);

/* Opens that terminal anew; the first drawing is due a little later. */
void gauges_begin(struct gauges *gauges, int fd, pid_t group, int64_t now_ns, struct caretaker *caretaker);

/* Draws, if it is due. */
void gauges_draw(struct gauges *gauges, const struct ledger *ledger, uint32_t account, int64_t now_ns);

/* Gives the line back to the terminal, until the next drawing or for good. */
void gauges_pause(struct gauges *gauges);
void gauges_end(struct gauges *gauges);

/*
 * The text of the line: at most `width` characters, without bars and then
 * without the last gauges where it is narrow. Return: its length.
 */
size_t gauges_line(const struct usage *usage, int width, char text[GAUGES_WIDTH_MAX + 1]);

#endif
