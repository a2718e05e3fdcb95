/*
 * loop.c - one thread waits for descriptors and for points in time; see loop.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "loop.h"

#include <errno.h>

#include "core/rawsys.h"

int loop_add(struct loop *loop, int fd, short events, loop_ready *ready, void *context)
{
	if (loop->sources == LOOP_SOURCES)
		return -ENOSPC;
	loop->poll[loop->sources] = (struct pollfd){.fd = fd, .events = events};
	loop->source[loop->sources].ready = ready;
	loop->source[loop->sources].context = context;
	loop->sources++;
	return 0;
}

int loop_add_clock(struct loop *loop, int64_t at_ns, loop_due *due, void *context)
{
	if (loop->clocks == LOOP_CLOCKS)
		return -ENOSPC;
	loop->clock[loop->clocks] = (struct loop_clock){.at_ns = at_ns, .due = due, .context = context};
	return loop->clocks++;
}

void loop_set_clock(struct loop *loop, int clock, int64_t at_ns)
{
	loop->clock[clock].at_ns = at_ns;
}

static int64_t first_time(const struct loop *loop, int64_t until_ns)
{
	for (int i = 0; i < loop->clocks; i++)
		if (loop->clock[i].at_ns < until_ns)
			until_ns = loop->clock[i].at_ns;
	return until_ns;
}

static void call_clocks(struct loop *loop, int64_t now_ns)
{
	for (int i = 0; i < loop->clocks; i++)
		if (loop->clock[i].at_ns <= now_ns)
			loop->clock[i].at_ns = loop->clock[i].due(loop->clock[i].context, now_ns);
}

static void call_sources(struct loop *loop)
{
	for (int i = loop->sources - 1; i >= 0; i--)
		if (loop->poll[i].revents)
			loop->source[i].ready(loop->source[i].context, loop->poll[i].fd,
					      loop->poll[i].revents);
}

bool loop_run(struct loop *loop, int64_t until_ns)
{
	while (!loop->is_over) {
		int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
		int64_t at_ns = first_time(loop, until_ns);
		int64_t wait_ns = at_ns > now_ns ? at_ns - now_ns : 0;
		struct timespec wait = {.tv_sec = wait_ns / 1000000000, .tv_nsec = wait_ns % 1000000000};

		if (ppoll(loop->poll, (nfds_t)loop->sources, at_ns == LOOP_NEVER ? NULL : &wait, NULL) > 0)
			call_sources(loop);
		now_ns = raw_clock_ns(CLOCK_MONOTONIC);
		if (now_ns >= until_ns && !loop->is_over)
			return false;
		call_clocks(loop, now_ns);
	}
	return true;
}

void loop_end(struct loop *loop)
{
	loop->is_over = true;
}
