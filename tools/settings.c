/*
 * settings.c - the settings in force; see settings.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "settings.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/sinks.h"
#include "core/units.h"

enum { FULL_NAME_SIZE = 64 };

/* "RESLIMIT_MEM" for MEM. */
static const char *full_name(const struct config_variable *variable, char text[FULL_NAME_SIZE])
{
	snprintf(text, FULL_NAME_SIZE, CONFIG_PREFIX "%s", variable->name);
	return text;
}

int settings_start(struct settings *settings)
{
	struct config config;
	char name[FULL_NAME_SIZE];
	char reason[512];
	struct fmt why = FMT_INIT(reason);

	config_defaults(&config);
	if (config_read_environ(&config, environ, &why) < 0) {
		cli_complain("%s", reason);
		return -1;
	}
	settings->row = calloc(config_variable_count, sizeof(*settings->row));
	if (!settings->row) {
		cli_complain("out of memory");
		return -1;
	}
	for (size_t i = 0; i < config_variable_count; i++)
		settings->row[i].text = getenv(full_name(&config_variables[i], name));
	return 0;
}

int settings_assign(struct settings *settings, const struct config_variable *variable, const char *text,
		    struct fmt *why)
{
	struct setting *row = &settings->row[variable - config_variables];
	struct config scratch;
	char *copy;

	config_defaults(&scratch);
	if (config_set(&scratch, variable, text, why))
		return -EINVAL;
	copy = strdup(text);
	if (!copy) {
		fmt_str(why, "out of memory");
		return -ENOMEM;
	}
	free(row->given);
	row->given = copy;
	row->text = copy;
	return 0;
}

static const char *text_of(const struct settings *settings, const char *name)
{
	return settings->row[config_find(name, strlen(name)) - config_variables].text;
}

/* LOG takes a descriptor or a file's name; what is no number is a name. */
static int check_descriptor(const struct settings *settings, const char *name)
{
	const char *text = text_of(settings, name);
	char full[FULL_NAME_SIZE], reason[256];
	struct fmt why = FMT_INIT(reason);
	int64_t fd;

	if (!text || units_count(text, strlen(text), &fd))
		return 0;
	snprintf(full, sizeof(full), CONFIG_PREFIX "%s=", name);
	if (!sinks_check_descriptor(fd, full, &why))
		return 0;
	cli_complain("%s", reason);
	return -1;
}

int settings_check_descriptors(const struct settings *settings)
{
	if (check_descriptor(settings, "STATUS_FD"))
		return -1;
	return check_descriptor(settings, "LOG");
}

int64_t settings_unguarded(const struct settings *settings)
{
	static const char name[] = "UNGUARDED";
	const char *text = text_of(settings, name);
	struct config scratch;
	char reason[128];
	struct fmt why = FMT_INIT(reason);

	config_defaults(&scratch);
	/* It has been checked when it was given. */
	if (text)
		(void)config_set(&scratch, config_find(name, strlen(name)), text, &why);
	return scratch.unguarded;
}

int settings_to_environment(const struct settings *settings)
{
	char name[FULL_NAME_SIZE];

	for (size_t i = 0; i < config_variable_count; i++) {
		const struct setting *row = &settings->row[i];

		if (!row->given)
			continue;
		full_name(&config_variables[i], name);
		/* An environment can hold a name twice, and setenv changes the first only. */
		if (unsetenv(name) || (row->given[0] && setenv(name, row->given, 1)))
			return -errno;
	}
	return 0;
}

void settings_print_export(const char *prefix, const char *name, const char *value)
{
	printf("export %s%s='", prefix, name);
	for (; *value; value++) {
		if (*value == '\'')
			fputs("'\\''", stdout);
		else
			putchar(*value);
	}
	fputs("'\n", stdout);
}

void settings_print(const struct settings *settings)
{
	for (size_t i = 0; i < config_variable_count; i++)
		if (settings->row[i].text)
			settings_print_export(CONFIG_PREFIX, config_variables[i].name, settings->row[i].text);
}

void settings_free(struct settings *settings)
{
	for (size_t i = 0; settings->row && i < config_variable_count; i++)
		free(settings->row[i].given);
	free(settings->row);
	settings->row = NULL;
}
