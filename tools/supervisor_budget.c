/*
 * supervisor_budget.c - the ledger, and the budget in it; see supervisor_parts.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "core/accounts.h"
#include "core/ledger_file.h"
#include "core/ledger_lock.h"
#include "core/logline.h"
#include "core/meter.h"
#include "core/procfs.h"
#include "core/rawsys.h"
#include "core/slots.h"
#include "core/sweep.h"
#include "core/time_namespace.h"
#include "core/tree.h"
#include "supervisor_parts.h"

static int check_conditions(const struct config *config)
{
	const struct condition *unknown = watch_find_unknown(&config->watch);

	if (!unknown)
		return 0;
	cli_complain(CONFIG_PREFIX "WATCH: condition '%s' is about no number in /proc/self/status; name one "
				   "that is there, or fds",
		     unknown->text);
	return -1;
}

static int read_config(struct supervisor *s)
{
	char why[512];
	struct fmt reason = FMT_INIT(why);
	int64_t status_fd;

	config_defaults(&s->config);
	if (config_read_environ(&s->config, environ, &reason) < 0 || config_check(&s->config, &reason)) {
		cli_complain("%s", why);
		return -1;
	}
	/* The record is ours to write: the program neither has the descriptor nor hears of it. */
	status_fd = s->config.status_fd;
	s->config.status_fd = -1;
	unsetenv(CONFIG_PREFIX "STATUS_FD");
	/* Before paths become absolute: the program reads them as they were given, and must find the same
	 * hash. */
	config_finish(&s->config);
	s->config.status_fd = status_fd;
	if (sinks_check(&s->config, &s->sinks, &reason)) {
		cli_complain("%s", why);
		return -1;
	}
	return check_conditions(&s->config);
}

/* The ledger that this process was started under. Return: whether there is one. */
static bool find_outer(struct supervisor *s)
{
	const char *path = getenv(CONFIG_LEDGER_VARIABLE);

	if (!path || !*path || ledger_open(path, &s->ledger))
		return false;
	time_namespace_enter(s->ledger);
	return true;
}

static int make_ledger(struct supervisor *s)
{
	int error = ledger_create(&s->ledger);
	char why[256];
	struct fmt reason = FMT_INIT(why);

	if (error) {
		ledger_explain(error, &reason);
		cli_complain("%s", why);
	}
	s->owns_ledger = !error;
	return error;
}

/* The account that our own process is in: the inner budget lies below it. */
static uint32_t outer_account(const struct supervisor *s)
{
	uint32_t slot;

	if (s->owns_ledger)
		return LEDGER_NONE;
	slot = slots_find(s->ledger, getpid(), procfs_began_ns(getpid()));
	return slot == LEDGER_NONE ? 0 : s->ledger->slot[slot].account;
}

/* Return: NULL, or what to complain about. */
static const char *open_accounts(struct supervisor *s)
{
	s->own = tree_open(s->ledger, outer_account(s), LEDGER_NONE, &s->config);
	if (s->own == LEDGER_NONE)
		return "no room for another nested budget; nest fewer";
	s->account = tree_whole(s->ledger, s->own);
	tree_supervise(s->ledger, s->own, getpid());
	s->slot = tree_place_first(s->ledger, s->own);
	if (s->slot != LEDGER_NONE)
		return NULL;
	tree_supervise(s->ledger, s->own, 0);
	accounts_close_unused(s->ledger, s->own);
	s->has_no_place = true;
	return NULL;
}

int supervisor_open_budget(struct supervisor *s)
{
	const char *trouble;
	uint64_t mask;

	if (read_config(s) || (!find_outer(s) && make_ledger(s)))
		return -1;
	/* The places of the dead are free; the outer budget may not know yet. */
	if (!s->owns_ledger)
		sweep_dead(s->ledger, SWEEP_ALL);
	ledger_lock(s->ledger, &mask);
	trouble = open_accounts(s);
	ledger_unlock(s->ledger, &mask);
	if (!trouble && setenv(CONFIG_LEDGER_VARIABLE, s->ledger->path, 1))
		trouble = "out of memory";
	if (trouble) {
		cli_complain("%s", trouble);
		if (s->owns_ledger)
			ledger_unlink(s->ledger);
		return -1;
	}
	if (s->has_no_place)
		return 0;
	record_hold(s->ledger, s->account);
	logline_hold(&s->ledger->account[s->account]);
	return 0;
}

/* As if we had never been there. */
int supervisor_step_aside(struct supervisor *s)
{
	char number[16];
	struct fmt text = FMT_INIT(number);

	supervisor_restore_signals(s);
	close(s->signal_fd);
	fmt_int(&text, s->config.status_fd);
	if (s->config.status_fd >= 0 && setenv(CONFIG_PREFIX "STATUS_FD", number, 1))
		return cli_complain("out of memory");
	return SUPERVISOR_HAS_NO_PLACE;
}

void supervisor_close_budget(struct supervisor *s)
{
	uint64_t mask;

	/* Who could not be ended is left to the leash, which our end cuts. */
	if (s->outside.survivors_left && s->config.orphans == RL_ORPHANS_KILL)
		return;
	supervisor_drop_leash(s);
	sweep_dead(s->ledger, SWEEP_ALL);
	ledger_lock(s->ledger, &mask);
	tree_supervise(s->ledger, s->own, 0);
	accounts_close_unused(s->ledger, s->own);
	ledger_unlock(s->ledger, &mask);
	if (s->owns_ledger && slots_is_last(s->ledger, LEDGER_NONE))
		ledger_unlink(s->ledger);
}
