/*
 * gauges_line.c - the text of the gauges; see gauges.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>

#include "core/attrs.h"
#include "core/fmt.h"
#include "gauges.h"

/* In the order in which they are given up where it is narrow: the last first. */
static const struct {
	const char *name;
	size_t offset; /* of the gauge in struct usage */
	usage_text *text;
} GAUGES[] = {
	{"mem", offsetof(struct usage, bytes), usage_size_text},
	{"wall", offsetof(struct usage, wall_ns), usage_time_text},
	{"cpu", offsetof(struct usage, cpu_ns), usage_time_text},
	{"procs", offsetof(struct usage, procs), usage_count_text},
	{"threads", offsetof(struct usage, threads), usage_count_text},
};

static void put_bar(struct fmt *f, const struct usage_gauge *g, int width)
{
	double share = g->limit > 0 ? (double)g->used / (double)g->limit : g->used > 0;
	int filled = (int)(share * width + 0.5);

	if (!width)
		return;
	fmt_str(f, " [");
	for (int i = 0; i < width; i++)
		fmt_char(f, i < filled ? '#' : '.');
	fmt_char(f, ']');
}

static void put_gauge(struct fmt *f, const struct usage *u, size_t i, int bar)
{
	const struct usage_gauge *g = (const void *)((const char *)u + GAUGES[i].offset);
	char text[USAGE_TEXT];

	if (i)
		fmt_str(f, "  ");
	fmt_str(f, GAUGES[i].name);
	fmt_char(f, ' ');
	fmt_str(f, GAUGES[i].text(g->used, text));
	if (g->limit == RL_UNLIMITED)
		return;
	fmt_char(f, '/');
	fmt_str(f, GAUGES[i].text(g->limit, text));
	put_bar(f, g, bar);
}

/* Return: whether it fits into `width`. */
static bool compose(struct fmt *f, const struct usage *u, int width, int bar, size_t count)
{
	f->len = 0;
	f->truncated = false;
	for (size_t i = 0; i < count; i++)
		put_gauge(f, u, i, bar);
	if (u->cause && count == RL_ARRAY_LEN(GAUGES)) {
		fmt_str(f, "  ");
		fmt_str(f, usage_state_name(u->state));
		fmt_char(f, ' ');
		fmt_str(f, u->cause);
	}
	return !f->truncated && f->len <= (size_t)width;
}

size_t gauges_line(const struct usage *u, int width, char text[GAUGES_WIDTH_MAX + 1])
{
	static const int BARS[] = {20, 10, 5, 0};
	struct fmt f = {.buf = text, .size = GAUGES_WIDTH_MAX + 1};

	if (width > GAUGES_WIDTH_MAX)
		width = GAUGES_WIDTH_MAX;
	for (size_t i = 0; i < RL_ARRAY_LEN(BARS); i++)
		if (compose(&f, u, width, BARS[i], RL_ARRAY_LEN(GAUGES)))
			return f.len;
	for (size_t count = RL_ARRAY_LEN(GAUGES) - 1; count; count--)
		if (compose(&f, u, width, 0, count))
			return f.len;
	return 0;
}
