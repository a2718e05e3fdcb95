/*
 * config.c - settings from NAME=value texts; see config.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "config.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#include "actions.h"
#include "attrs.h"
#include "conditions.h"
#include "glob.h"
#include "text.h"
#include "units.h"

enum support { NOW = true, LATER = false };

#define METAVAR_SIZE	   "SIZE"
#define METAVAR_TIME	   "TIME"
#define METAVAR_COUNT	   "N"
#define METAVAR_CONDITIONS "CONDITIONS"
#define METAVAR_LIBRARY	   "LIB[:ARG]"

const struct config_variable config_variables[] = {
#define RL_LIMIT(id, key, kind, steps, support, help)                                                        \
	{                                                                                                    \
		#id,                                                                                         \
		CONFIG_##kind,                                                                               \
		RL_##id,                                                                                     \
		support,                                                                                     \
		offsetof(struct config, limit[RL_##id]),                                                     \
		METAVAR_##kind,                                                                              \
		help,                                                                                        \
		""},                                                                                         \
		{#id "_ACTION",                                                                              \
		 CONFIG_ACTION,                                                                              \
		 RL_##id,                                                                                    \
		 support,                                                                                    \
		 offsetof(struct config, action[RL_##id]),                                                   \
		 "STEPS",                                                                                    \
		 "steps taken at that limit",                                                                \
		 steps},
#include "../contract/limits.def"
#undef RL_LIMIT
#define RL_SETTING(id, field, kind, support, metavar, help)                                                  \
	{#id, CONFIG_##kind, RL_LIMIT_COUNT, support, offsetof(struct config, field), metavar, help, ""},
#include "../contract/settings.def"
#undef RL_SETTING
};
const size_t config_variable_count = RL_ARRAY_LEN(config_variables);

enum { DEFAULT_GRACE_NS = 1000000000, DEFAULT_TICK_NS = 100000000 };
#define DEFAULT_STOPPED_NS (INT64_C(86400) * 1000000000)

void config_defaults(struct config *config)
{
	char sink[8];
	struct fmt why = FMT_INIT(sink);

	memset(config, 0, sizeof(*config));
	config->grace_ns = DEFAULT_GRACE_NS;
	config->stopped_ns = DEFAULT_STOPPED_NS;
	config->status_fd = -1;
	config->mem_grace_ns = CONFIG_UNSET;
	config->mem_hard = RL_UNLIMITED;
	config->rss_grace_ns = CONFIG_UNSET;
	config->tick_ns = DEFAULT_TICK_NS;
	for (size_t i = 0; i < config_variable_count; i++) {
		const struct config_variable *v = &config_variables[i];

		if (v->default_text[0])
			(void)action_parse(&config->action[v->limit], v->default_text,
					   strlen(v->default_text), limit_is_deniable(v->limit), &why);
	}
	for (int i = 0; i < RL_LIMIT_COUNT; i++)
		config->limit[i] = RL_UNLIMITED;
}

const struct config_variable *config_find(const char *name, size_t len)
{
	for (size_t i = 0; i < config_variable_count; i++)
		if (text_is(config_variables[i].name, name, len))
			return &config_variables[i];
	return NULL;
}

static int refuse(struct fmt *why, int error, const char *what, const char *accepted)
{
	fmt_str(why, error == -ERANGE ? "too large" : what);
	fmt_str(why, "; give ");
	fmt_str(why, accepted);
	return -EINVAL;
}

static int set_number(int64_t *field, enum config_kind kind, const char *text, size_t len, struct fmt *why)
{
	int error;

	switch (kind) {
	case CONFIG_SIZE:
		error = units_size(text, len, field);
		return error ? refuse(why, error, "not a size",
				      "whole bytes or a number with K, M, G or T, as in 256M")
			     : 0;
	case CONFIG_TIME:
		error = units_time(text, len, field);
		return error ? refuse(why, error, "not a time",
				      "seconds or a number with ns, us, ms, s, m or h, as in 1.5s")
			     : 0;
	case CONFIG_FD:
		error = units_count(text, len, field);
		if (!error && *field > INT32_MAX)
			error = -ERANGE;
		return error ? refuse(why, error, "not a descriptor",
				      "the number of an open descriptor, as in 3")
			     : 0;
	default:
		error = units_count(text, len, field);
		if (!error && *field > INT32_MAX)
			error = -ERANGE;
		return error ? refuse(why, error, "not a count", "a whole number, as in 4") : 0;
	}
}

static int set_conditions(struct config *config, int64_t *count, const char *text, size_t len,
			  struct fmt *why)
{
	int error = conditions_parse(&config->watch, text, len, why);

	*count = error ? RL_UNLIMITED : config->watch.count;
	return error;
}

/* A choice of words, in the order of their enum. */
struct choice {
	const char *what, *accepted;
	const char *word[4];
};

static const struct choice SCOPES = {"not a scope", "tree or process", {"tree", "process"}};
static const struct choice ORPHANS = {"not a policy", "kill or leave", {"kill", "leave"}};
static const struct choice UNGUARDED = {"not a policy", "allow, warn or refuse", {"refuse", "warn", "allow"}};

static int set_choice(int64_t *field, const struct choice *choice, const char *text, struct fmt *why)
{
	for (int i = 0; choice->word[i]; i++) {
		if (!strcmp(text, choice->word[i])) {
			*field = i;
			return 0;
		}
	}
	return refuse(why, -EINVAL, choice->what, choice->accepted);
}

static int set_switch(int64_t *field, const char *text, struct fmt *why)
{
	if (strcmp(text, "0") != 0 && strcmp(text, "1") != 0)
		return refuse(why, -EINVAL, "not a switch", "0 or 1");
	*field = text[0] - '0';
	return 0;
}

static int set_text(const char **field, const char *text, size_t len, size_t max, struct fmt *why)
{
	if (len > max) {
		fmt_str(why, "longer than ");
		fmt_int(why, (int64_t)max);
		fmt_str(why, " bytes; give a shorter one");
		return -EINVAL;
	}
	*field = text;
	return 0;
}

static int set_library(struct config *config, int64_t *count, const char *text, size_t len, struct fmt *why)
{
	const char *colon = strchr(text, ':');
	int error;

	if (colon == text || (colon ? colon : text + len)[-1] == '/')
		return refuse(why, -EINVAL, "not a library",
			      "its path and what it is told, as in ./lib.so:argument");
	error = set_text(&config->plugin, text, len, CONFIG_PATH_MAX, why);
	*count = error ? RL_UNLIMITED : 1;
	return error;
}

static int set_path(const char **field, const char *text, size_t len, struct fmt *why)
{
	for (const char *s = strchr(text, '%'); s; s = strchr(s + 2, '%')) {
		if (!s[1] || !strchr("pn%", s[1])) {
			fmt_str(why, "'%' with nothing it knows behind it; give %p, %n or %%");
			return -EINVAL;
		}
	}
	return set_text(field, text, len, CONFIG_PATH_MAX, why);
}

static int set_glob(const char **field, const char *text, size_t len, struct fmt *why)
{
	if (!glob_is_valid(text)) {
		fmt_str(why, "not a pattern; close each '[' and put something behind each '\\'");
		return -EINVAL;
	}
	return set_text(field, text, len, CONFIG_NAME_MAX, why);
}

/* A number is a switch and never a file, so that 2 is not taken for a descriptor. */
static int set_stacks(const char **field, const char *text, size_t len, struct fmt *why)
{
	int64_t number;

	if (units_count(text, len, &number))
		return set_path(field, text, len, why);
	if (number > 1)
		return refuse(why, -EINVAL, "not a switch", "0, 1 or a file's name");
	*field = number ? "1" : NULL;
	return 0;
}

int config_set(struct config *config, const struct config_variable *variable, const char *text,
	       struct fmt *why)
{
	size_t len = strlen(text);
	void *field = (char *)config + variable->offset;

	if (!len)
		return 0;
	if (!variable->supported) {
		fmt_str(why, "not supported yet; leave it out");
		return -EINVAL;
	}
	switch (variable->kind) {
	case CONFIG_ACTION:
		return action_parse(field, text, len, limit_is_deniable(variable->limit), why);
	case CONFIG_CONDITIONS:
		return set_conditions(config, field, text, len, why);
	case CONFIG_LIBRARY:
		return set_library(config, field, text, len, why);
	case CONFIG_SCOPE:
		return set_choice(field, &SCOPES, text, why);
	case CONFIG_SWITCH:
		return set_switch(field, text, why);
	case CONFIG_ORPHANS:
		return set_choice(field, &ORPHANS, text, why);
	case CONFIG_UNGUARDED:
		return set_choice(field, &UNGUARDED, text, why);
	case CONFIG_PATH:
		return set_path(field, text, len, why);
	case CONFIG_GLOB:
		return set_glob(field, text, len, why);
	case CONFIG_STACKS:
		return set_stacks(field, text, len, why);
	case CONFIG_TEXT:
		return set_text(field, text, len, CONFIG_NAME_MAX, why);
	default:
		return set_number(field, variable->kind, text, len, why);
	}
}

/* How many characters two names share from their start. */
static size_t shared_prefix(const char *a, size_t a_len, const char *b)
{
	size_t n = 0;

	while (n < a_len && b[n] && a[n] == b[n])
		n++;
	return n;
}

const struct config_variable *config_nearest(const char *name, size_t len)
{
	const struct config_variable *nearest = NULL;
	size_t best = 1;

	for (size_t i = 0; i < config_variable_count; i++) {
		size_t shared = shared_prefix(name, len, config_variables[i].name);

		if (shared > best && config_variables[i].supported) {
			best = shared;
			nearest = &config_variables[i];
		}
	}
	return nearest;
}

void config_explain_unknown(const char *name, size_t len, struct fmt *why)
{
	const struct config_variable *nearest = config_nearest(name, len);

	fmt_str(why, "unknown name, and a misspelt limit would be no limit; ");
	if (nearest) {
		fmt_str(why, "did you mean " CONFIG_PREFIX);
		fmt_str(why, nearest->name);
		fmt_str(why, "?");
	} else {
		fmt_str(why, "reslimit-env --help lists them");
	}
}

static int read_entry(struct config *config, const char *entry, struct fmt *why)
{
	const char *name = entry + strlen(CONFIG_PREFIX);
	const char *equals = strchr(name, '=');
	const struct config_variable *variable;
	size_t len;
	char reason[192];
	struct fmt because = FMT_INIT(reason);

	if (!equals || text_starts_with(entry, CONFIG_LEDGER_VARIABLE "="))
		return 0;
	len = (size_t)(equals - name);
	variable = config_find(name, len);
	if (!variable)
		config_explain_unknown(name, len, &because);
	else if (!config_set(config, variable, equals + 1, &because))
		return equals[1] ? 1 : 0;
	fmt_printable(why, entry, 120);
	fmt_str(why, ": ");
	fmt_str(why, reason);
	return -EINVAL;
}

int config_read_environ(struct config *config, char *const *environment, struct fmt *why)
{
	int count = 0;

	for (; *environment; environment++) {
		int set;

		if (!text_starts_with(*environment, CONFIG_PREFIX))
			continue;
		set = read_entry(config, *environment, why);
		if (set < 0)
			return set;
		count += set;
	}
	return count;
}

/* After FNV-1a; collisions are harmless, they only keep two equal-looking budgets in one account. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * 0x100000001b3ULL;
	return hash;
}

/* The same in steps of a word: byte by byte the settings would take each start 3 us. */
static uint64_t hash_words(uint64_t hash, const void *data, size_t len)
{
	const char *bytes = data;

	for (size_t i = 0; i < len; i += sizeof(hash)) {
		uint64_t word;

		__builtin_memcpy(&word, bytes + i, sizeof(word));
		hash = (hash ^ word) * 0x9e3779b97f4a7c15ULL;
		hash ^= hash >> 29;
	}
	return hash;
}

static uint64_t hash_text(uint64_t hash, const char *text)
{
	return text ? hash_bytes(hash, text, strlen(text) + 1) : hash_bytes(hash, "\377", 1);
}

static_assert(offsetof(struct config, status_file) % sizeof(uint64_t) == 0, "whole words are hashed");

static uint64_t hash_of(const struct config *config)
{
	uint64_t hash = hash_words(0xcbf29ce484222325ULL, config, offsetof(struct config, status_file));

	hash = hash_text(hash, config->status_file);
	hash = hash_text(hash, config->name);
	hash = hash_text(hash, config->root);
	hash = hash_text(hash, config->plugin);
	hash = hash_text(hash, config->log);
	hash = hash_text(hash, config->trace);
	return hash_text(hash, config->stacks);
}

void config_finish(struct config *config)
{
	for (int i = 0; i < RL_LIMIT_COUNT; i++)
		action_apply_grace(&config->action[i], config->grace_ns);
	config->hash = hash_of(config);
}
