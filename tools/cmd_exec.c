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
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli.h"
#include "commands.h"
#include "library.h"
#include "profile.h"
#include "settings.h"

enum { FLAG_PROFILE, FLAG_PRINT, FLAG_HELP, FLAG_VERSION };

static const struct cli_flag FLAGS[] = {
	[FLAG_PROFILE] = {"profile", "FILE", "read NAME=value lines from FILE; may be given several times"},
	[FLAG_PRINT] = {"print", NULL,
			"print the settings as export lines for a shell's eval, start nothing"},
	[FLAG_HELP] = {"help", NULL, "print this text"},
	[FLAG_VERSION] = {"version", NULL, "print the version"},
};

/* The command line as read, before anything of it is applied. */
struct request {
	const char **profile; /* in the order given */
	size_t profile_count;
	struct cli_option *option; /* settings, in the order given */
	size_t option_count;
	bool print;
	bool help;
	bool version;
	char **program;
};

static int print_help(void)
{
	puts("Usage: reslimit exec [OPTION]... [--] PROGRAM [ARGUMENT]...\n"
	     "       reslimit exec [OPTION]... --print\n"
	     "reslimit-env takes the same options as reslimit exec.\n"
	     "\n"
	     "Becomes PROGRAM, with a guard that refuses the one call that would go over a\n"
	     "budget and ends what runs too long.\n"
	     "\n"
	     "Limits:");
	cli_help_settings(true);
	puts("\nOther settings:");
	cli_help_settings(false);
	puts("\nOptions of this command:");
	cli_help_flags(FLAGS, RL_ARRAY_LEN(FLAGS));
	puts("\n"
	     "SIZE is bytes, or a number with K, M, G or T. TIME is seconds, or a number with\n"
	     "ns, us, ms, s, m or h. STEPS is a list such as deny:2s,TERM:5s,KILL.\n"
	     "\n"
	     "Each setting is also a variable: --mem-action is RESLIMIT_MEM_ACTION. Options\n"
	     "win over profiles, profiles over the environment. An empty value unsets a limit.\n"
	     "\n"
	     "Exit status: that of PROGRAM; 125 if a setting is wrong, 126 if PROGRAM cannot\n"
	     "be run, 127 if it is not found. reslimit(7) describes variables and record.");
	return cli_finish_output();
}

static void note_option(struct request *request, const struct cli_option *option)
{
	if (option->variable)
		request->option[request->option_count++] = *option;
	else if (option->flag == &FLAGS[FLAG_PROFILE])
		request->profile[request->profile_count++] = option->value;
	else if (option->flag == &FLAGS[FLAG_PRINT])
		request->print = true;
	else if (option->flag == &FLAGS[FLAG_HELP])
		request->help = true;
	else
		request->version = true;
}

static int read_request(struct request *request, char **words)
{
	struct cli_option option;
	int got = 1;

	while (!request->help && !request->version && got > 0) {
		got = cli_read_option(&words, FLAGS, RL_ARRAY_LEN(FLAGS), &option);
		if (got > 0)
			note_option(request, &option);
	}
	request->program = words;
	return got < 0 ? -1 : 0;
}

static int apply_option(struct settings *settings, const struct cli_option *option)
{
	char text[64];
	char reason[256];
	struct fmt name = FMT_INIT(text);
	struct fmt why = FMT_INIT(reason);

	if (!settings_assign(settings, option->variable, option->value, &why))
		return 0;
	cli_option_name(option->variable, &name);
	cli_complain("%s " CLI_SHOWN ": %s", text, option->value, reason);
	return -1;
}

/* Options win over profiles wherever they stand; of two alike the later one wins. */
static int apply_request(struct settings *settings, const struct request *request)
{
	for (size_t i = 0; i < request->profile_count; i++)
		if (profile_read(settings, request->profile[i]))
			return -1;
	for (size_t i = 0; i < request->option_count; i++)
		if (apply_option(settings, &request->option[i]))
			return -1;
	return 0;
}

static int check_program(const struct request *request)
{
	if (request->print && *request->program) {
		cli_complain("--print starts nothing, and '" CLI_SHOWN "' was given; leave one of them out",
			     *request->program);
		return -1;
	}
	if (!request->print && !*request->program) {
		cli_complain("no program given; name one behind the options, or give --print");
		return -1;
	}
	return 0;
}

/* What execvp's error means for a name; the statuses are those of env(1). */
static int explain_exec(const char *program, int error)
{
	struct stat st;
	bool there = strchr(program, '/') && !stat(program, &st);
	const char *reason = strerror(error);

	if (there && S_ISDIR(st.st_mode))
		reason = "is a directory; name a program in it";
	else if (there && error == ENOENT)
		reason = "its interpreter was not found; see its first line";
	else if (error == ENOENT)
		reason = strchr(program, '/') ? "not found; give the path of a program"
					      : "not found in PATH; give its path";
	else if (error == EACCES)
		reason = "permission denied; make it executable (chmod +x)";
	cli_complain("%s: %s", program, reason);
	return error == ENOENT ? CLI_NOT_FOUND : CLI_CANNOT_RUN;
}

static int start_program(const struct settings *settings, const char *preload, char **program)
{
	int error;

	if (settings_check_descriptors(settings))
		return CLI_FAILED;
	error = settings_to_environment(settings);
	if (!error && setenv("LD_PRELOAD", preload, 1))
		error = -errno;
	if (error)
		return cli_complain("%s", strerror(-error));
	execvp(program[0], program);
	return explain_exec(program[0], errno);
}

static int print_settings(const struct settings *settings, const char *preload)
{
	settings_print(settings);
	settings_print_export("", "LD_PRELOAD", preload);
	return cli_finish_output();
}

static int start_or_print(const struct settings *settings, const struct request *request)
{
	char *library = library_find();
	char *preload;
	int status;

	if (!library)
		return CLI_FAILED;
	preload = library_preload_text(library, getenv("LD_PRELOAD"));
	if (!preload)
		status = cli_complain("out of memory");
	else if (request->print)
		status = print_settings(settings, preload);
	else
		status = start_program(settings, preload, request->program);
	free(preload);
	free(library);
	return status;
}

static int serve(const struct request *request)
{
	struct settings settings = {NULL};
	int status = CLI_FAILED;

	if (request->help)
		return print_help();
	if (request->version) {
		puts("reslimit " RL_VERSION);
		return cli_finish_output();
	}
	if (!settings_start(&settings) && !apply_request(&settings, request) && !check_program(request))
		status = start_or_print(&settings, request);
	settings_free(&settings);
	return status;
}

int cmd_exec(char **argv)
{
	struct request request = {0};
	size_t count = 0;
	int status;

	while (argv[count])
		count++;
	request.profile = calloc(count + 1, sizeof(*request.profile));
	request.option = calloc(count + 1, sizeof(*request.option));
	if (!request.profile || !request.option)
		status = cli_complain("out of memory");
	else if (read_request(&request, argv + 1))
		status = CLI_FAILED;
	else
		status = serve(&request);
	free(request.profile);
	free(request.option);
	return status;
}
