/*
 * roots.c - budgets that begin with a program of a certain name; see roots.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "roots.h"

#include <errno.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/auxv.h>

#include "core/accounts.h"
#include "core/attrs.h"
#include "core/fmt.h"
#include "core/glob.h"
#include "core/rawsys.h"
#include "core/units.h"

static char executable[PATH_MAX] RL_SELDOM;

static const char *without_directories(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A path from the root, as far as that can be said without looking at the file system. */
static const char *from_root(const char *path, char *to, size_t size)
{
	struct fmt f = {.buf = to, .size = size};

	if (path[0] == '/' || raw_syscall2(SYS_getcwd, to, size) < 0)
		return path;
	while (path[0] == '.' && path[1] == '/')
		path += 2;
	f.len = strlen(to);
	fmt_char(&f, '/');
	fmt_str(&f, path);
	return to;
}

static const char *match_path(const char *glob, const char *executed)
{
	char whole[PATH_MAX];

	if (glob_matches(glob, from_root(executed, whole, sizeof(whole))))
		return without_directories(executed);
	return glob_matches(glob, executable) ? without_directories(executable) : NULL;
}

static const char *matching_name(const char *glob)
{
	/* The kernel's own note of what was executed: for a script it is not the interpreter. */
	const char *executed = (const char *)getauxval(AT_EXECFN);
	const char *names[3];
	long len = raw_readlink("/proc/self/exe", executable, sizeof(executable) - 1);

	executable[len > 0 ? len : 0] = '\0';
	executed = executed ? executed : "";
	if (strchr(glob, '/'))
		return match_path(glob, executed);
	names[0] = without_directories(executed);
	names[1] = without_directories(program_invocation_name);
	names[2] = without_directories(executable);
	for (size_t i = 0; i < RL_ARRAY_LEN(names); i++)
		if (names[i][0] && glob_matches(glob, names[i]))
			return names[i];
	return NULL;
}

bool roots_enter(struct config *config)
{
	const char *name = config->root ? matching_name(config->root) : NULL;

	if (!name)
		return false;
	config->root = NULL;
	if (!config->name)
		config->name = name;
	return true;
}

void roots_take_sinks(struct config *config, const struct account *from)
{
	config->status_file = from->status_file[0] ? from->status_file : NULL;
	config->log = from->log[0] ? from->log : NULL;
	config->trace = from->trace[0] ? from->trace : NULL;
	config->stacks = from->stacks[0] ? from->stacks : NULL;
}

void roots_take_descriptors(struct ledger *ledger, uint32_t slot, const struct account *from)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		if (a == from)
			return;
		a->status_dev = from->status_dev;
		a->status_ino = from->status_ino;
		a->log_dev = from->log_dev;
		a->log_ino = from->log_ino;
	}
}

bool roots_begin_budget(const struct ledger *ledger, uint32_t slot, struct config *config)
{
	uint32_t outer = ledger->slot[slot].account;

	if (roots_enter(config))
		return !accounts_is_begun_by(ledger, outer, slot, config->hash);
	return ledger->account[outer].config_hash != config->hash;
}

static bool is_still(int64_t fd, uint64_t dev, uint64_t ino)
{
	struct stat st;

	return raw_fstat((int)fd, &st) == 0 && st.st_dev == dev && st.st_ino == ino;
}

void roots_drop_inherited_fds(const struct account *outer, struct config *config)
{
	int64_t log_fd;

	if (config->status_fd >= 0 && config->status_fd == outer->status_fd &&
	    !is_still(config->status_fd, outer->status_dev, outer->status_ino))
		config->status_fd = -1;
	if (config->log && !strcmp(config->log, outer->log) &&
	    !units_count(config->log, strlen(config->log), &log_fd) &&
	    !is_still(log_fd, outer->log_dev, outer->log_ino))
		config->log = NULL;
}
