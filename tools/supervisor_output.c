/*
 * supervisor_output.c - where the program's output goes, and the gauges beside it; see supervisor_parts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/rawsys.h"
#include "supervisor_parts.h"

int supervisor_open_output(struct supervisor *s)
{
	s->gauges.fd = -1;
	s->gauges.due_ns = LOOP_NEVER;
	return capture_open(&s->capture, &s->options.capture);
}

void supervisor_prepare_output(struct supervisor *s)
{
	if (s->options.progress && gauges_can_show(STDERR_FILENO))
		caretaker_start(&s->caretaker, STDERR_FILENO);
}

static int64_t draw(void *context, int64_t now_ns)
{
	struct supervisor *s = context;

	/* Who stopped the program has the terminal for himself. */
	if (s->is_stopped)
		s->gauges.due_ns = now_ns + 1000000000;
	else
		gauges_draw(&s->gauges, s->ledger, s->account, now_ns);
	return s->gauges.due_ns;
}

int supervisor_start_output(struct supervisor *s)
{
	int64_t now_ns = raw_clock_ns(CLOCK_MONOTONIC);
	int error = capture_start(&s->capture, now_ns);

	if (error) {
		/* Without a reader the program would wait for ever. */
		raw_kill(s->child, SIGKILL);
		return cli_complain("cannot capture output: %s", strerror(-error));
	}
	if (!s->options.progress)
		return 0;
	gauges_begin(&s->gauges, STDERR_FILENO, getpgrp(), now_ns, &s->caretaker);
	loop_add_clock(&s->loop, s->gauges.due_ns, draw, s);
	return 0;
}

void supervisor_pause_output(struct supervisor *s)
{
	gauges_pause(&s->gauges);
}

void supervisor_finish_output(struct supervisor *s)
{
	struct fmt f = FMT_INIT(s->capture_text);

	gauges_end(&s->gauges);
	if (!s->capture.wanted)
		return;
	capture_finish(&s->capture);
	capture_describe(&s->capture, &f);
	s->outside.capture = s->capture_text;
}

void supervisor_close_output(struct supervisor *s)
{
	if (s->caretaker.pid > 0)
		caretaker_end(&s->caretaker);
	capture_free(&s->capture);
}
