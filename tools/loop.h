/*
 * loop.h - one thread waits for descriptors and for points in time.
 *
 * Owns:    struct loop; the descriptors are the callers'.
 * Called:  supervisor: for its signals, the watchdog's times and the gauges.
 * Context: one thread, may allocate; leaves no descriptor open.
 * Fork:    nothing, because it holds no descriptor of its own.
 *
 * Every source has a function that is called when its descriptor is ready, and
 * every clock one that is called when its time has come and says when next. A
 * loop has few of them, so lists are looked through.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_LOOP_H
#define RL_TOOLS_LOOP_H

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

enum { LOOP_SOURCES = 4, LOOP_CLOCKS = 4 };

/* No time at all. */
#define LOOP_NEVER INT64_MAX

typedef void loop_ready(void *context, int fd, short events);

/* Return: CLOCK_MONOTONIC ns of the next call, or LOOP_NEVER. */
typedef int64_t loop_due(void *context, int64_t now_ns);

struct loop_clock {
	int64_t at_ns;
	loop_due *due;
	void *context;
};

struct loop {
	struct pollfd poll[LOOP_SOURCES];
	struct {
		loop_ready *ready;
		void *context;
	} source[LOOP_SOURCES];
	int sources;
	struct loop_clock clock[LOOP_CLOCKS];
	int clocks;
	bool is_over;
};

/* Return: 0, or -ENOSPC. */
int loop_add(struct loop *loop, int fd, short events, loop_ready *ready, void *context);

/* Return: a number for loop_set_clock(), or -ENOSPC. Its first call is at `at_ns`. */
int loop_add_clock(struct loop *loop, int64_t at_ns, loop_due *due, void *context);
void loop_set_clock(struct loop *loop, int clock, int64_t at_ns);

/* Waits and calls until loop_end(), or until `until_ns`. Return: whether it was ended. */
bool loop_run(struct loop *loop, int64_t until_ns);

/* Lets loop_run() return after the calls at hand. */
void loop_end(struct loop *loop);

#endif
