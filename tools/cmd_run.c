/*
 * cmd_run.c - reslimit run: starts a program under limits and keeps watch from outside.
 *
 * Owns:    nothing.
 * Called:  reslimit.c.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli.h"
#include "commands.h"
#include "program.h"
#include "request.h"
#include "supervisor.h"

enum {
	FLAG_STRICT = REQUEST_FLAGS,
	FLAG_RAISE,
	FLAG_NO_SUPERVISE,
	FLAG_STDOUT,
	FLAG_STDERR,
	FLAG_CAPTURE,
	FLAG_CAPTURE_LIMIT,
	FLAG_TIMESTAMPS,
	FLAG_PROGRESS,
	FLAG_CGROUP,
};

static const struct cli_flag FLAGS[] = {
	REQUEST_FLAG_ROWS,
	[FLAG_STRICT] = {"strict", NULL,
			 "a refusal counts as an end by its limit, whatever the program made of it"},
	[FLAG_RAISE] = {"raise", NULL,
			"die by the signal that PROGRAM died by, instead of exiting with 128+n"},
	[FLAG_NO_SUPERVISE] = {"no-supervise", NULL, "become PROGRAM, as reslimit exec does"},
	[FLAG_STDOUT] = {"stdout", "FILE", "write PROGRAM's standard output to FILE, by way of a pipe"},
	[FLAG_STDERR] = {"stderr", "FILE", "the same for standard error"},
	[FLAG_CAPTURE] = {"capture", "DIR", "both, to DIR/stdout and DIR/stderr; DIR is made if missing"},
	[FLAG_CAPTURE_LIMIT] = {"capture-limit", "SIZE",
				"keep SIZE bytes of each, head and tail, and say how many are left out"},
	[FLAG_TIMESTAMPS] = {"timestamps", NULL, "begin each captured line with the elapsed time"},
	[FLAG_PROGRESS] = {"progress", NULL,
			   "show what is used of each limit on the terminal of standard error"},
	[FLAG_CGROUP] = {"cgroup", NULL,
			 "also put the tree into a control group of the kernel, where one can be made"},
};

/* What only a supervisor can do must not be asked for in vain. */
static int check_unsupervised(const struct request *request)
{
	for (int flag = FLAG_NO_SUPERVISE + 1; flag < (int)RL_ARRAY_LEN(FLAGS); flag++)
		if (request_has(request, flag))
			return cli_complain("--%s needs the supervisor; leave it or --no-supervise out",
					    FLAGS[flag].name);
	return 0;
}

static int run(const struct request *request, const struct settings *settings, const char *preload)
{
	struct supervisor_options options = {
		.strict = request_has(request, FLAG_STRICT),
		.raise = request_has(request, FLAG_RAISE),
		.progress = request_has(request, FLAG_PROGRESS),
		.cgroup = request_has(request, FLAG_CGROUP),
		.capture =
			{
				.out = request->value[FLAG_STDOUT],
				.err = request->value[FLAG_STDERR],
				.dir = request->value[FLAG_CAPTURE],
				.limit = request->value[FLAG_CAPTURE_LIMIT],
				.stamps = request_has(request, FLAG_TIMESTAMPS),
			},
	};
	int status;

	if (request_has(request, FLAG_NO_SUPERVISE) && check_unsupervised(request))
		return CLI_FAILED;
	if (request_has(request, FLAG_NO_SUPERVISE))
		return program_become(request, settings, preload);
	if (program_environment(settings, preload))
		return CLI_FAILED;
	status = supervisor_run(&options, request->program);
	return status == SUPERVISOR_HAS_NO_PLACE ? program_become(request, settings, preload) : status;
}

static const struct request_command COMMAND = {
	.flags = FLAGS,
	.flag_count = RL_ARRAY_LEN(FLAGS),
	.usage = "Usage: reslimit run [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
		 "       reslimit run [OPTION]... --print\n"
		 "reslimit-env takes the same options as reslimit run.\n"
		 "\n"
		 "Starts PROGRAM with a guard that refuses the one call that would go over a\n"
		 "budget, ends what runs too long, ends what PROGRAM leaves running, and tells\n"
		 "why it ended.",
	.statuses = "Exit status: that of PROGRAM, or 128+n if signal n ended it. If a limit ended\n"
		    "it: 124 wall time, 123 processor time, 122 memory, 121 threads or processes.\n"
		    "125 if a setting is wrong or PROGRAM cannot be guarded, 126 if it cannot be run,\n"
		    "127 if it is not found. reslimit(7) describes variables and record.",
	.start = run,
};

int cmd_run(char **argv)
{
	return request_run(&COMMAND, argv + 1);
}
