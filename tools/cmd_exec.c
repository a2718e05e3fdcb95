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
#include <stdio.h>

#include "cli.h"
#include "commands.h"
#include "program.h"
#include "request.h"

static const struct cli_flag FLAGS[] = {REQUEST_FLAG_ROWS};

static int print_help(void)
{
	puts("Usage: reslimit exec [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	     "       reslimit exec [OPTION]... --print\n"
	     "\n"
	     "Becomes PROGRAM, with a guard that refuses the one call that would go over a\n"
	     "budget and ends what runs too long. reslimit run keeps watch from outside.\n"
	     "\n"
	     "Limits:");
	cli_help_settings(true);
	puts("\nOther settings:");
	cli_help_settings(false);
	puts("\nOptions of this command:");
	cli_help_flags(FLAGS, RL_ARRAY_LEN(FLAGS));
	puts(CLI_HELP_VALUES
	     "\n"
	     "Exit status: that of PROGRAM; 125 if a setting is wrong, 126 if PROGRAM cannot\n"
	     "be run, 127 if it is not found. reslimit(7) describes variables and record.");
	return cli_finish_output();
}

static int serve(const struct request *request)
{
	if (request_has(request, REQUEST_HELP))
		return print_help();
	return request_serve(request, program_become);
}

int cmd_exec(char **argv)
{
	struct request request;
	int status = CLI_FAILED;

	if (!request_read(&request, FLAGS, RL_ARRAY_LEN(FLAGS), argv + 1))
		status = serve(&request);
	request_free(&request);
	return status;
}
