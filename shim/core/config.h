/*
 * config.h - settings from NAME=value texts: environment, options, profiles.
 *
 * Owns:    nothing; struct config is the caller's.
 * Called:  startup before main, tools.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * One parser for every way in. Names come with or without "RESLIMIT_". A value
 * that is empty counts as unset.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_CONFIG_H
#define RL_CORE_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../contract/limits.h"
#include "fmt.h"

#define CONFIG_PREFIX "RESLIMIT_"

/* The variable by which the processes of a tree find their ledger; ours, not the user's. */
#define CONFIG_LEDGER_VARIABLE "RESLIMIT_LEDGER"

enum config_kind {
	CONFIG_SIZE,
	CONFIG_TIME,
	CONFIG_COUNT,
	CONFIG_ACTION,
	CONFIG_SCOPE,
	CONFIG_SWITCH,
	CONFIG_ORPHANS,
	CONFIG_UNGUARDED,
	CONFIG_FD,
	CONFIG_PATH,
	CONFIG_TEXT,
	CONFIG_GLOB,
	CONFIG_STACKS, /* 0, 1 or a path */
	CONFIG_CONDITIONS,
	CONFIG_LIBRARY,
};

/* Longest texts that fit into the ledger, without the NUL. */
enum { CONFIG_NAME_MAX = 127, CONFIG_PATH_MAX = 511 };

/* A time that was not given, where 0 is one that may be. */
#define CONFIG_UNSET (-1)

struct config {
	int64_t limit[RL_LIMIT_COUNT]; /* bytes, a count or ns; RL_UNLIMITED */
	struct action action[RL_LIMIT_COUNT];
	struct conditions watch;
	int64_t grace_ns;
	int64_t scope;	      /* enum scope */
	int64_t skip_blocked; /* 0 or 1 */
	int64_t idle_output;  /* 0 or 1 */
	int64_t stopped_ns;   /* most time stopped that does not count as wall time */
	int64_t orphans;      /* enum orphans */
	int64_t unguarded;    /* enum unguarded */
	int64_t status_fd;    /* -1: none */
	int64_t mem_grace_ns; /* CONFIG_UNSET: none */
	int64_t mem_hard;     /* bytes; RL_UNLIMITED: none */
	int64_t reserve;      /* bytes */
	int64_t rss_grace_ns; /* CONFIG_UNSET: none */
	int64_t tick_ns;
	const char *status_file; /* NULL: none; not owned, as all texts here */
	const char *name;
	const char *plugin; /* LIB.so[:ARG] */
	const char *trace;
	const char *log;
	const char *root;   /* RESLIMIT_ROOT for a program that it does not name: nothing is limited */
	const char *stacks; /* NULL: none; "1": the log; else a path */
	uint64_t hash;	    /* of the settings as they were given; by config_finish() */
};

/*
 * A row of the tables, for parsers, help texts and checks. Texts lie in the row: a pointer would be
 * relocated in each guarded process, and all of them fill a page that the process then has for itself.
 */
struct config_variable {
	char name[24]; /* without RESLIMIT_ */
	enum config_kind kind;
	enum limit_id limit; /* for a limit or its action */
	bool supported;
	uint32_t offset; /* in struct config */
	char metavar[32];
	char help[128];
	char default_text[16]; /* for actions; "": none */
};

extern const struct config_variable config_variables[];
extern const size_t config_variable_count;

/* No limits, the default actions, no record. */
void config_defaults(struct config *config);

/* The row of a name without RESLIMIT_, or NULL. */
const struct config_variable *config_find(const char *name, size_t len);

/*
 * Stores one value. `text` must outlive the config.
 * Return: 0, or -EINVAL with one line in `why` that says what is accepted.
 */
int config_set(struct config *config, const struct config_variable *variable, const char *text,
	       struct fmt *why);

/*
 * Reads every RESLIMIT_ variable of an environment; others are ignored, an
 * unknown one is an error. On error `why` holds "NAME=value: reason; remedy".
 * Return: how many were set, or -EINVAL.
 */
int config_read_environ(struct config *config, char *const *environment, struct fmt *why);

/*
 * Whether the settings agree with each other, once all are read; no single value shows it.
 * Return: 0, or -EINVAL with one line in `why`.
 */
int config_check(const struct config *config, struct fmt *why);

/* Fills in what depends on several settings, once all are read; `hash` tells inherited ones from new ones. */
void config_finish(struct config *config);

/* The supported row whose name starts most alike, by two characters at least, or NULL. */
const struct config_variable *config_nearest(const char *name, size_t len);

/* Writes why `name` is not a variable, and the nearest name there is. */
void config_explain_unknown(const char *name, size_t len, struct fmt *why);

#endif
