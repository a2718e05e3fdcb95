/*
 * cli.h - what every subcommand shares: options from the tables, complaints, help.
 *
 * Owns:    nothing.
 * Called:  every part of the tools that complains; the commands for the rest.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TOOLS_CLI_H
#define RL_TOOLS_CLI_H

#include <stddef.h>

#include "core/attrs.h"
#include "core/config.h"

/* Exit statuses of our own making, as env(1) has them. */
enum { CLI_OK = 0, CLI_FAILED = 125, CLI_CANNOT_RUN = 126, CLI_NOT_FOUND = 127 };

/* Exit statuses that tell which limit ended a program; and a shell's for a signal. */
enum {
	CLI_ENDED_BY_CUSTOM = 120,
	CLI_ENDED_BY_COUNT = 121, /* threads, processes */
	CLI_ENDED_BY_MEMORY = 122,
	CLI_ENDED_BY_CPU = 123,
	CLI_ENDED_BY_TIME = 124, /* wall, idle */
	CLI_SIGNAL_BASE = 128,
};

/* How much of a value a complaint repeats. */
#define CLI_SHOWN "%.120s"

/* What help texts say about values. */
#define CLI_HELP_VALUES                                                                                      \
	"\n"                                                                                                 \
	"SIZE is bytes, or a number with K, M, G or T. TIME is seconds, or a number with\n"                  \
	"ns, us, ms, s, m or h. STEPS is a list such as deny:2s,TERM:5s,KILL.\n"                             \
	"\n"                                                                                                 \
	"Each setting is also a variable: --mem-action is RESLIMIT_MEM_ACTION. Options\n"                    \
	"win over profiles, profiles over the environment. An empty value unsets a limit.\n"

/* An option that is not a setting. */
struct cli_flag {
	const char *name;    /* without the dashes */
	const char *metavar; /* NULL: takes no value */
	const char *help;
};

/* An option as read: one of the command's own or a setting, the other is NULL. */
struct cli_option {
	const struct cli_flag *flag;
	const struct config_variable *variable;
	const char *value; /* NULL for a flag without one */
};

/*
 * Writes "reslimit: ..." as one line on stderr; control characters become '?'.
 * Return: CLI_FAILED, so that a caller can return it.
 */
int cli_complain(const char *format, ...) RL_PRINTF(1, 2);

/*
 * Reads the option at *words and moves past it; stops at the first word that
 * is none, or behind "--".
 * Return: 1 with *option filled in, 0 when the options are over, -1 after a
 * complaint.
 */
int cli_read_option(char ***words, const struct cli_flag *flags, size_t count, struct cli_option *option);

/* The option that stands for a variable: "--mem-action" for MEM_ACTION, cut to what fits. */
void cli_option_name(const struct config_variable *variable, struct fmt *name);

/* Prints a row of a help text, wrapped to 80 columns. */
void cli_help_row(const char *left, const char *text);

/* Prints the rows of the command's own options. */
void cli_help_flags(const struct cli_flag *flags, size_t count);

/* Prints the rows of the settings that are supported: limits with their actions, or all others. */
void cli_help_settings(bool limits);

/* Prints the name and the version. Return: CLI_OK or CLI_FAILED. */
int cli_print_version(void);

/*
 * Flushes stdout and complains if it could not be written.
 * Return: CLI_OK or CLI_FAILED.
 */
int cli_finish_output(void);

#endif
