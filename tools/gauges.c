/*
 * gauges.c - the last line of a terminal; see gauges.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "gauges.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "core/fmt.h"

enum {
	FIRST_NS = 300000000, /* a run that is over by then shows nothing */
	PERIOD_NS = 250000000,
	ROWS_MIN = 4, /* a terminal of fewer is left alone */
	COLS_MIN = 12,
	GIVE_BACK_MS = 200, /* the most that the end waits for a terminal that takes nothing */
};

#define SAVE_CURSOR    "\0337"
#define RESTORE_CURSOR "\0338"
#define LINE_FEED      "\033D" /* down, scrolling at the end, in the same column */
#define LINE_UP	       "\033[1A"
#define PLAIN	       "\033[0m"
#define CLEAR_LINE     "\033[2K"
#define CLEAR_REST     "\033[K"
#define SCROLL_ALL     "\033[r"

static bool is_dumb(void)
{
	const char *term = getenv("TERM");

	return !term || !*term || !strcmp(term, "dumb");
}

bool gauges_can_show(int fd)
{
	return isatty(fd) && !is_dumb();
}

void gauges_begin(struct gauges *g, int fd, pid_t group, int64_t now_ns, struct caretaker *caretaker)
{
	char path[32];

	memset(g, 0, sizeof(*g));
	g->fd = -1;
	g->due_ns = INT64_MAX;
	g->caretaker = caretaker;
	if (!gauges_can_show(fd))
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	g->fd = open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (g->fd < 0)
		return;
	g->group = group;
	g->due_ns = now_ns + FIRST_NS;
}

/* Writes what is pending. Return: whether all is out. */
static bool flush(struct gauges *g)
{
	sigset_t stop, mask;
	size_t done = 0;

	/* In the background a terminal may answer a write with a stop, unless the signal is blocked. */
	sigemptyset(&stop);
	sigaddset(&stop, SIGTTOU);
	sigprocmask(SIG_BLOCK, &stop, &mask);
	while (done < g->pending_len) {
		ssize_t written = write(g->fd, g->pending + done, g->pending_len - done);

		if (written > 0)
			done += (size_t)written;
		else if (written == 0 || errno != EINTR)
			break;
	}
	if (done < g->pending_len && errno != EAGAIN) {
		done = g->pending_len;
		g->due_ns = INT64_MAX; /* the terminal is gone */
	}
	sigprocmask(SIG_SETMASK, &mask, NULL);
	memmove(g->pending, g->pending + done, g->pending_len - done);
	g->pending_len -= done;
	return !g->pending_len;
}

static bool is_in_foreground(const struct gauges *g)
{
	pid_t foreground = tcgetpgrp(g->fd);

	/* A terminal that is not our controlling one has no foreground to ask for. */
	return foreground < 0 || foreground == getpgrp() || foreground == g->group;
}

static void move_to_row(struct fmt *f, int row)
{
	fmt_str(f, "\033[");
	fmt_int(f, row);
	fmt_str(f, ";1H");
}

static void put_undo(const struct gauges *g, struct fmt *f)
{
	fmt_str(f, SAVE_CURSOR SCROLL_ALL);
	move_to_row(f, g->rows);
	fmt_str(f, PLAIN CLEAR_LINE RESTORE_CURSOR);
}

/* For the case that we are killed while the line is ours. */
static void tell_caretaker(struct gauges *g)
{
	struct caretaker *c = g->caretaker;
	struct fmt f = FMT_INIT(c->undo);

	atomic_store_explicit(&c->len, 0, memory_order_release);
	if (!g->shows)
		return;
	put_undo(g, &f);
	atomic_store_explicit(&c->len, (uint32_t)f.len, memory_order_release);
}

/* Takes the last of `rows` lines; the cursor keeps its place, unless that was there. */
static void take_line(struct gauges *g, struct fmt *f, const struct winsize *size)
{
	if (g->shows && g->rows == size->ws_row)
		return;
	fmt_str(f, LINE_FEED LINE_UP SAVE_CURSOR);
	if (g->shows && g->rows < size->ws_row) {
		move_to_row(f, g->rows);
		fmt_str(f, CLEAR_LINE);
	}
	fmt_str(f, "\033[1;");
	fmt_int(f, size->ws_row - 1);
	fmt_str(f, "r" RESTORE_CURSOR);
	g->shows = true;
}

static void put_line(struct gauges *g, struct fmt *f)
{
	char text[GAUGES_WIDTH_MAX + 1];
	/* The last column stays free: a character there may wrap. */
	size_t len = gauges_line(&g->usage, g->cols - 1, text);

	fmt_str(f, SAVE_CURSOR);
	move_to_row(f, g->rows);
	fmt_str(f, PLAIN);
	fmt_strn(f, text, len);
	fmt_str(f, CLEAR_REST RESTORE_CURSOR);
}

void gauges_draw(struct gauges *g, const struct ledger *ledger, uint32_t account, int64_t now_ns)
{
	struct fmt f = {.buf = g->pending, .size = sizeof(g->pending)};
	struct winsize size;

	if (now_ns < g->due_ns)
		return;
	g->due_ns = now_ns + PERIOD_NS;
	if (!flush(g) || ioctl(g->fd, TIOCGWINSZ, &size) || !is_in_foreground(g))
		return;
	if (size.ws_row < ROWS_MIN || size.ws_col < COLS_MIN) {
		gauges_pause(g);
		return;
	}
	usage_read(ledger, account, now_ns, &g->usage);
	take_line(g, &f, &size);
	g->rows = size.ws_row;
	g->cols = size.ws_col;
	tell_caretaker(g);
	put_line(g, &f);
	g->pending_len = f.len;
	flush(g);
}

void gauges_pause(struct gauges *g)
{
	struct fmt f = {.buf = g->pending, .size = sizeof(g->pending), .len = g->pending_len};
	struct pollfd p = {.fd = g->fd, .events = POLLOUT};

	if (g->fd < 0 || !g->shows)
		return;
	put_undo(g, &f);
	g->pending_len = f.len;
	g->shows = false;
	if (!flush(g) && poll(&p, 1, GIVE_BACK_MS) > 0)
		flush(g);
	tell_caretaker(g);
}

void gauges_end(struct gauges *g)
{
	gauges_pause(g);
	if (g->fd >= 0)
		close(g->fd);
	g->fd = -1;
	g->due_ns = INT64_MAX;
}
