/*
 * reslimit.c - the reslimit command: finds the subcommand and runs it.
 *
 * Owns:    nothing.
 * Called:  the shell, reslimit-env.
 * Context: one thread, may allocate.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"

static int cmd_help(char **argv);

static const struct command {
	const char *name;
	int (*run)(char **argv);
	const char *help;
} COMMANDS[] = {
	{"run", cmd_run, "start a program under limits, watch it, clean up after it"},
	{"exec", cmd_exec, "become a program, under limits"},
	{"top", cmd_top, "list the guarded programs that run, and what they use"},
	{"help", cmd_help, "print this text, or that of a command"},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < RL_ARRAY_LEN(COMMANDS); i++)
		if (!strcmp(COMMANDS[i].name, name))
			return &COMMANDS[i];
	return NULL;
}

static int print_help(void)
{
	puts("Usage: reslimit COMMAND [OPTION]... [ARGUMENT]...\n"
	     "       reslimit --help | --version\n"
	     "\n"
	     "Limits the memory, threads, processes and time of unmodified programs.\n"
	     "\n"
	     "Commands:");
	for (size_t i = 0; i < RL_ARRAY_LEN(COMMANDS); i++)
		cli_help_row(COMMANDS[i].name, COMMANDS[i].help);
	puts("\nreslimit help COMMAND describes a command, reslimit(1) all of them.");
	return cli_finish_output();
}

static int unknown_command(const char *name)
{
	return cli_complain(CLI_SHOWN ": unknown command; reslimit help lists them", name);
}

static int cmd_help(char **argv)
{
	const struct command *command;
	char option[] = "--help";

	if (!argv[1])
		return print_help();
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	if (command->run == cmd_help)
		return print_help();
	return command->run((char *[]){argv[1], option, NULL});
}

enum { OUTPUT_BUFFER = 1 << 16 };

int main(int argc, char **argv)
{
	static char buffer[OUTPUT_BUFFER];
	const struct command *command;

	/* All of a help text in one write, so that its error is at hand. */
	if (!isatty(STDOUT_FILENO))
		setvbuf(stdout, buffer, _IOFBF, sizeof(buffer));
	if (argc < 2)
		return cli_complain("no command given; reslimit help lists them");
	if (!strcmp(argv[1], "--help"))
		return print_help();
	if (!strcmp(argv[1], "--version"))
		return cli_print_version();
	command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return command->run(argv + 1);
}
