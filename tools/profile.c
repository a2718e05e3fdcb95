/*
 * profile.c - reads a profile; see profile.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "profile.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli.h"

/* No value is as long. */
enum { LINE_MAX_READ = 4096 };

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

/*
 * The next line, without its end. Bounded, because a file may have no lines, as
 * /dev/zero. Return: its length, which is LINE_MAX_READ if it is longer, or -1 at the end or
 * after an error.
 */
static int get_line(FILE *file, char text[LINE_MAX_READ + 1])
{
	int len = 0;
	int c = getc(file);

	if (c == EOF)
		return -1;
	for (; c != EOF && c != '\n' && len < LINE_MAX_READ; c = getc(file))
		text[len++] = (char)c;
	text[len] = '\0';
	return len;
}

/* Some editors begin a file with it. */
static void drop_byte_order_mark(char *text, int *len)
{
	static const char mark[] = "\xef\xbb\xbf";
	int mark_len = (int)sizeof(mark) - 1;

	if (*len < mark_len || memcmp(text, mark, sizeof(mark) - 1) != 0)
		return;
	*len -= mark_len;
	memmove(text, text + mark_len, (size_t)*len + 1);
}

int profile_read(struct settings *settings, const char *path)
{
	struct place place = {path, 0};
	char text[LINE_MAX_READ + 1];
	FILE *file = fopen(path, "re");
	int result = 0;
	int len;

	if (!file)
		return complain_file(path);
	while (!result && (len = get_line(file, text)) >= 0) {
		if (++place.line == 1)
			drop_byte_order_mark(text, &len);
		result = len == LINE_MAX_READ
				 ? complain(&place, text, "too long a line; a profile is plain text")
				 : read_line(settings, &place, text, (size_t)len);
	}
	if (!result && !feof(file))
		result = complain_file(path);
	fclose(file);
	return result;
}
