/*
 * profile.c - reads a profile; see profile.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"

/* Where a line stands, for complaints. */
struct place {
	const char *path;
	unsigned long line;
};

static bool is_space(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Cuts the spaces behind a text and returns its first character that is none. */
static char *trim(char *text, size_t len)
{
	while (len && is_space(text[len - 1]))
		len--;
	text[len] = '\0';
	while (is_space(*text))
		text++;
	return text;
}

static int complain(const struct place *place, const char *what, const char *reason)
{
	cli_complain("%s:%lu: " CLI_SHOWN ": %s", place->path, place->line, what, reason);
	return -1;
}

static int complain_value(const struct place *place, const char *name, const char *value, const char *reason)
{
	cli_complain("%s:%lu: %.60s=" CLI_SHOWN ": %s", place->path, place->line, name, value, reason);
	return -1;
}

static int complain_file(const char *path)
{
	cli_complain("--profile " CLI_SHOWN ": %s; give a file of NAME=value lines that can be read", path,
		     strerror(errno));
	return -1;
}

static int assign(struct settings *settings, const struct place *place, char *name, char *value)
{
	const char *bare =
		strncmp(name, CONFIG_PREFIX, strlen(CONFIG_PREFIX)) ? name : name + strlen(CONFIG_PREFIX);
	const struct config_variable *variable = config_find(bare, strlen(bare));
	char reason[256];
	struct fmt why = FMT_INIT(reason);

	if (!variable)
		config_explain_unknown(bare, strlen(bare), &why);
	else if (!settings_assign(settings, variable, value, &why))
		return 0;
	return complain_value(place, name, value, reason);
}

static int read_line(struct settings *settings, const struct place *place, char *text, size_t len)
{
	char *equals;

	if (strlen(text) != len)
		return complain(place, text, "a NUL byte follows; a profile is plain text");
	text = trim(text, len);
	if (!*text || *text == '#')
		return 0;
	equals = strchr(text, '=');
	if (!equals)
		return complain(place, text, "no '='; give NAME=value");
	if (equals == text)
		return complain(place, text, "no name before '='; give NAME=value");
	*equals = '\0';
	return assign(settings, place, trim(text, strlen(text)), trim(equals + 1, strlen(equals + 1)));
}

int profile_read(struct settings *settings, const char *path)
{
	struct place place = {path, 0};
	FILE *file = fopen(path, "re");
	char *text = NULL;
	size_t size = 0;
	ssize_t len;
	int result = 0;

	if (!file)
		return complain_file(path);
	while (!result && (len = getline(&text, &size, file)) >= 0) {
		place.line++;
		result = read_line(settings, &place, text, (size_t)len);
	}
	if (!result && !feof(file))
		result = complain_file(path);
	free(text);
	fclose(file);
	return result;
}
