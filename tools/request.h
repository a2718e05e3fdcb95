/*
 * request.h - the command line of a command that starts a program under limits.
 *
 * Owns:    struct request; its texts belong to the command line.
 * Called:  cmd_exec, cmd_run.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_REQUEST_H
#define RL_TOOLS_REQUEST_H

#include <stdbool.h>

#include "cli.h"
#include "settings.h"

/* The flags that such commands share: the first rows of their tables, in this order. */
enum { REQUEST_PROFILE, REQUEST_PRINT, REQUEST_HELP, REQUEST_VERSION, REQUEST_FLAGS };

/* What a start of the table looks like. */
#define REQUEST_FLAG_ROWS                                                                                    \
	[REQUEST_PROFILE] = {"profile", "FILE",                                                              \
			     "read NAME=value lines from FILE; may be given several times"},                 \
	[REQUEST_PRINT] = {"print", NULL,                                                                    \
			   "print the settings as export lines for a shell's eval, start nothing"},          \
	[REQUEST_HELP] = {"help", NULL, "print this text"},                                                  \
	[REQUEST_VERSION] = {"version", NULL, "print the version"}

/* The command line as read, before anything of it is applied. */
struct request {
	const struct cli_flag *flags; /* the command's table */
	size_t flag_count;
	const char **value;   /* of each flag; "" for one without; NULL: not given */
	const char **profile; /* in the order given */
	size_t profile_count;
	struct cli_option *option; /* settings, in the order given */
	size_t option_count;
	char **program;
};

/* Whether the flag in this row was given. */
static inline bool request_has(const struct request *request, int flag)
{
	return request->value[flag] != NULL;
}

/* Starts the program. `preload` is LD_PRELOAD's text. Return: the exit status. */
typedef int request_start(const struct request *request, const struct settings *settings,
			  const char *preload);

struct request_command {
	const struct cli_flag *flags; /* REQUEST_FLAG_ROWS come first */
	size_t flag_count;
	const char *usage, *statuses; /* what --help begins and ends with */
	request_start *start;
};

/*
 * Reads the words behind the command's name and does what was asked for:
 * --help, --version, --print, or the command's start with the settings from
 * environment, profiles and options. Return: the exit status.
 */
int request_run(const struct request_command *command, char **words);

#endif
