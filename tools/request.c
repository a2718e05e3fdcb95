/*
 * request.c - the command line of a command that starts a program; see request.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>

#include "library.h"
#include "profile.h"

static void note_option(struct request *request, const struct cli_option *option)
{
	if (option->variable)
		request->option[request->option_count++] = *option;
	else if (option->flag == &request->flags[REQUEST_PROFILE])
		request->profile[request->profile_count++] = option->value;
	else
		request->value[option->flag - request->flags] = option->value ? option->value : "";
}

static int allocate(struct request *request, size_t words)
{
	request->value = calloc(request->flag_count, sizeof(*request->value));
	request->profile = calloc(words + 1, sizeof(*request->profile));
	request->option = calloc(words + 1, sizeof(*request->option));
	return request->value && request->profile && request->option ? 0 : -1;
}

/* Return: 0, or -1 after a complaint. release() is due in either case. */
static int read_words(struct request *request, const struct cli_flag *flags, size_t count, char **words)
{
	struct cli_option option;
	size_t word_count = 0;
	int got = 1;

	while (words[word_count])
		word_count++;
	*request = (struct request){.flags = flags, .flag_count = count};
	if (allocate(request, word_count)) {
		cli_complain("out of memory");
		return -1;
	}
	while (!request_has(request, REQUEST_HELP) && !request_has(request, REQUEST_VERSION) && got > 0) {
		got = cli_read_option(&words, flags, count, &option);
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

static int check_program(const struct request *request)
{
	bool print = request_has(request, REQUEST_PRINT);

	if (print && *request->program) {
		cli_complain("--print starts nothing, and '" CLI_SHOWN "' was given; leave one of them out",
			     *request->program);
		return -1;
	}
	if (!print && !*request->program) {
		cli_complain("no program given; name one behind the options, or give --print");
		return -1;
	}
	return 0;
}

/* Options win over profiles wherever they stand; of two alike the later one wins. */
static int apply(struct settings *settings, const struct request *request)
{
	for (size_t i = 0; i < request->profile_count; i++)
		if (profile_read(settings, request->profile[i]))
			return -1;
	for (size_t i = 0; i < request->option_count; i++)
		if (apply_option(settings, &request->option[i]))
			return -1;
	return check_program(request);
}

static int print_settings(const struct settings *settings, const char *preload)
{
	settings_print(settings);
	settings_print_export("", "LD_PRELOAD", preload);
	return cli_finish_output();
}

static int start_or_print(const struct request *request, const struct settings *settings,
			  request_start *start)
{
	char *library = library_find();
	char *preload;
	int status;

	if (!library)
		return CLI_FAILED;
	preload = library_preload_text(library, getenv("LD_PRELOAD"));
	if (!preload)
		status = cli_complain("out of memory");
	else if (request_has(request, REQUEST_PRINT))
		status = print_settings(settings, preload);
	else
		status = start(request, settings, preload);
	free(preload);
	free(library);
	return status;
}

static int print_help(const struct request_command *command)
{
	puts(command->usage);
	puts("\nLimits:");
	cli_help_settings(true);
	puts("\nOther settings:");
	cli_help_settings(false);
	puts("\nOptions of this command:");
	cli_help_flags(command->flags, command->flag_count);
	puts(CLI_HELP_VALUES);
	puts(command->statuses);
	return cli_finish_output();
}

static int serve(const struct request *request, const struct request_command *command)
{
	struct settings settings = {NULL};
	int status = CLI_FAILED;

	if (request_has(request, REQUEST_HELP))
		return print_help(command);
	if (request_has(request, REQUEST_VERSION))
		return cli_print_version();
	if (!settings_start(&settings) && !apply(&settings, request))
		status = start_or_print(request, &settings, command->start);
	settings_free(&settings);
	return status;
}

static void release(struct request *request)
{
	free(request->value);
	free(request->profile);
	free(request->option);
}

int request_run(const struct request_command *command, char **words)
{
	struct request request;
	int status = CLI_FAILED;

	if (!read_words(&request, command->flags, command->flag_count, words))
		status = serve(&request, command);
	release(&request);
	return status;
}
