/*
 * supervisor.c - the order of things; see supervisor.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "supervisor.h"

#include "cli.h"
#include "core/rawsys.h"
#include "supervisor_parts.h"

/* The watchdog's looks are one of the loop's clocks. */
static int64_t look(void *context, int64_t now_ns)
{
	struct supervisor *s = context;

	(void)now_ns;
	/* No step after its death: that would pass for the cause. */
	supervisor_reap(s);
	if (s->is_dead)
		return LOOP_NEVER;
	supervisor_credit_stop(s);
	return watchdog_look_around(&s->watchdog, s->account);
}

static int start(struct supervisor *s)
{
	int status;

	watchdog_init(&s->watchdog, s->ledger, LEDGER_NONE);
	supervisor_note_turn(s);
	watchdog_begin(&s->watchdog);
	watchdog_ask_for_the_processor();
	supervisor_prepare_stacks();
	supervisor_prepare_output(s);
	status = supervisor_start(s);
	if (!status)
		s->watch_clock = loop_add_clock(&s->loop, 0, look, s);
	return status;
}

/* What the kernel's group has to tell, before it is gone. */
static void note_cgroup(struct supervisor *s)
{
	if (!s->options.cgroup)
		return;
	s->outside.cgroup = s->cgroup.text;
	s->outside.cgroup_walls = s->cgroup.walls;
}

int supervisor_run(const struct supervisor_options *options, char **program)
{
	struct supervisor s = {.options = *options, .program = program};
	int status;

	/* Without a call to the kernel, as the library does it. */
	raw_clock = clock_gettime;
	if (supervisor_open_output(&s) || supervisor_watch_signals(&s) || supervisor_open_budget(&s))
		return CLI_FAILED;
	if (s.has_no_place && s.capture.wanted)
		return cli_complain("the outer budget has no place for who captures output; give it more");
	if (s.has_no_place)
		return supervisor_step_aside(&s);
	if (s.options.cgroup) {
		struct cgroup_walls walls = cgroup_walls_for(&s.config);

		cgroup_open(&s.cgroup, &walls, "");
	}
	status = start(&s);
	if (!status)
		status = supervisor_start_output(&s);
	if (!status) {
		loop_run(&s.loop, LOOP_NEVER);
		supervisor_sweep(&s);
		supervisor_finish_output(&s);
		note_cgroup(&s);
		supervisor_write_record(&s);
		/* Before the status, which may be to die by a signal. */
		cgroup_close(&s.cgroup);
		status = supervisor_exit_status(&s);
	}
	cgroup_close(&s.cgroup);
	supervisor_close_budget(&s);
	supervisor_close_output(&s);
	return status;
}
