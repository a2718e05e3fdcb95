/*
 * cmd_exec.c - reslimit exec: put the limits into the environment, become the program.
 *
 * Owns:    nothing.
 * Called:  reslimit.c.
 * Context: one thread, may allocate.
 * Fork:    nothing, because it never forks.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli.h"
#include "commands.h"
#include "program.h"
#include "request.h"

static const struct cli_flag FLAGS[] = {REQUEST_FLAG_ROWS};

static const struct request_command COMMAND = {
	.flags = FLAGS,
	.flag_count = RL_ARRAY_LEN(FLAGS),
	.usage = "Usage: reslimit exec [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
		 "       reslimit exec [OPTION]... --print\n"
		 "\n"
		 "Becomes PROGRAM, with a guard that refuses the one call that would go over a\n"
		 "budget and ends what runs too long. reslimit run keeps watch from outside.",
	.statuses = "Exit status: that of PROGRAM; 125 if a setting is wrong, 126 if PROGRAM cannot\n"
		    "be run, 127 if it is not found. reslimit(7) describes variables and record.",
	.start = program_become,
};

int cmd_exec(char **argv)
{
	return request_run(&COMMAND, argv + 1);
}
