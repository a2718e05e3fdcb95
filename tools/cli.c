/*
 * cli.c - options from the tables, complaints, help; see cli.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { HELP_INDENT = 26, HELP_WIDTH = 79, OPTION_NAME_SIZE = 64 };

int cli_complain(const char *format, ...)
{
	char text[4096];
	char line[sizeof(text)];
	struct fmt f = FMT_INIT(line);
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	fmt_str(&f, "reslimit: ");
	fmt_printable(&f, text, sizeof(text) - 16);
	/* One call, so that lines of programs that share a stderr do not mix. */
	fprintf(stderr, "%s\n", line);
	return CLI_FAILED;
}

void cli_option_name(const struct config_variable *variable, struct fmt *name)
{
	fmt_str(name, "--");
	for (const char *c = variable->name; *c; c++)
		fmt_char(name, *c == '_' ? '-' : (char)tolower((unsigned char)*c));
}

static const struct config_variable *find_variable(const char *word, size_t len)
{
	for (size_t i = 0; i < config_variable_count; i++) {
		char text[OPTION_NAME_SIZE];
		struct fmt name = FMT_INIT(text);

		cli_option_name(&config_variables[i], &name);
		if (name.len == len && !memcmp(text, word, len))
			return &config_variables[i];
	}
	return NULL;
}

static const struct cli_flag *find_flag(const struct cli_flag *flags, size_t count, const char *word,
					size_t len)
{
	for (size_t i = 0; i < count && len > 2; i++)
		if (strlen(flags[i].name) == len - 2 && !memcmp(flags[i].name, word + 2, len - 2))
			return &flags[i];
	return NULL;
}

/* The supported variable whose option starts most like a word. */
static const struct config_variable *nearest_variable(const char *word, size_t len)
{
	char text[OPTION_NAME_SIZE];
	struct fmt name = FMT_INIT(text);

	for (size_t i = 2; i < len; i++)
		fmt_char(&name, word[i] == '-' ? '_' : (char)toupper((unsigned char)word[i]));
	return name.len ? config_nearest(text, name.len) : NULL;
}

static void complain_unknown(const char *word, size_t len)
{
	const struct config_variable *nearest = nearest_variable(word, len);
	int shown = len < 120 ? (int)len : 120;
	char text[OPTION_NAME_SIZE];
	struct fmt name = FMT_INIT(text);

	if (!nearest) {
		cli_complain("%.*s: unknown option; --help lists them", shown, word);
		return;
	}
	cli_option_name(nearest, &name);
	cli_complain("%.*s: unknown option; did you mean %s?", shown, word, text);
}

/* The value behind '=' or in the next word. */
static int take_value(char ***words, struct cli_option *option, const char *word, size_t len)
{
	const char *metavar = option->variable ? option->variable->metavar : option->flag->metavar;
	const char *attached = word[len] == '=' ? word + len + 1 : NULL;

	++*words;
	option->value = NULL;
	if (!metavar && attached) {
		cli_complain("%.*s: takes no value, and '" CLI_SHOWN "' was given", (int)len, word, attached);
		return -1;
	}
	if (!metavar)
		return 1;
	option->value = attached ? attached : **words;
	/* A variable's empty value is no limit; an empty name or number of ours is a slip. */
	if (!option->value || (option->flag && !*option->value)) {
		cli_complain("%.*s: no value; give %.*s %s", (int)len, word, (int)len, word, metavar);
		return -1;
	}
	if (!attached)
		++*words;
	return 1;
}

int cli_read_option(char ***words, const struct cli_flag *flags, size_t count, struct cli_option *option)
{
	const char *word = **words;
	size_t len;

	if (!word || word[0] != '-' || !word[1])
		return 0;
	if (!strcmp(word, "--")) {
		++*words;
		return 0;
	}
	len = strcspn(word, "=");
	option->flag = find_flag(flags, count, word, len);
	option->variable = option->flag ? NULL : find_variable(word, len);
	if (!option->flag && !option->variable) {
		complain_unknown(word, len);
		return -1;
	}
	return take_value(words, option, word, len);
}

void cli_help_row(const char *left, const char *text)
{
	int column = printf("  %-*s", HELP_INDENT - 4, left);

	if (column > HELP_INDENT - 2)
		printf("\n%*s", HELP_INDENT, "");
	else
		printf("  ");
	column = HELP_INDENT;
	while (*text) {
		size_t word = strcspn(text, " ");

		if (column > HELP_INDENT && column + 1 + (int)word > HELP_WIDTH)
			column = printf("\n%*s", HELP_INDENT, "") - 1;
		column += printf("%s%.*s", column > HELP_INDENT ? " " : "", (int)word, text);
		text += word + (text[word] == ' ');
	}
	putchar('\n');
}

void cli_help_flags(const struct cli_flag *flags, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char left[OPTION_NAME_SIZE];
		struct fmt f = FMT_INIT(left);

		fmt_str(&f, "--");
		fmt_str(&f, flags[i].name);
		fmt_str(&f, flags[i].metavar ? " " : "");
		fmt_str(&f, flags[i].metavar ? flags[i].metavar : "");
		cli_help_row(left, flags[i].help);
	}
}

static void help_setting(const struct config_variable *variable)
{
	char left[OPTION_NAME_SIZE];
	char right[256];
	struct fmt name = FMT_INIT(left);
	struct fmt text = FMT_INIT(right);

	cli_option_name(variable, &name);
	fmt_char(&name, ' ');
	fmt_str(&name, variable->metavar);
	fmt_str(&text, variable->help);
	if (variable->default_text[0]) {
		fmt_str(&text, " (");
		fmt_str(&text, variable->default_text);
		fmt_char(&text, ')');
	}
	cli_help_row(left, right);
}

void cli_help_settings(bool limits)
{
	for (size_t i = 0; i < config_variable_count; i++) {
		const struct config_variable *variable = &config_variables[i];

		if (variable->supported && (variable->limit != RL_LIMIT_COUNT) == limits)
			help_setting(variable);
	}
}

int cli_print_version(void)
{
	puts("reslimit " RL_VERSION);
	return cli_finish_output();
}

int cli_finish_output(void)
{
	errno = 0;
	if (!fflush(stdout) && !ferror(stdout))
		return CLI_OK;
	return cli_complain("standard output: %s", errno ? strerror(errno) : "write error");
}
