/*
 * record_verdict.c - why a process ended, in one word; see record_text.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "record_text.h"

#include <signal.h>
#include <stdatomic.h>

#include "accounts.h"

const char *const RECORD_LIMIT_KEYS[] = {
#define RL_LIMIT(id, key, kind, steps, support, help) #key,
#include "../contract/limits.def"
#undef RL_LIMIT
};

const char *record_cause_name(const struct account *a)
{
	uint32_t breach = atomic_load_explicit(&a->breach, memory_order_acquire);

	if (!breach)
		return NULL;
	if (breach - 1 == RL_WATCH)
		return a->observed.verdict;
	return breach - 1 == RL_PLUGIN ? a->plugin.verdict : RECORD_LIMIT_KEYS[breach - 1];
}

/* Whether one of the limit's signals was sent; one that was passed over ends nothing. */
static bool was_signalled(const struct account *a)
{
	for (uint32_t i = 0; i < a->step_count; i++)
		if (!a->step[i].skipped)
			return true;
	return false;
}

/*
 * The record is the account's; under SCOPE=process the first process's own
 * part may hold the cause. And a limit further out may have ended this one.
 */
const struct account *record_cause(const struct ledger *ledger, uint32_t account)
{
	const struct account *a = &ledger->account[account];
	uint32_t own = a->own_part;

	if (!atomic_load_explicit(&a->breach, memory_order_acquire) &&
	    atomic_load_explicit(&ledger->account[own].in_use, memory_order_relaxed) &&
	    atomic_load_explicit(&ledger->account[own].breach, memory_order_acquire))
		return &ledger->account[own];
	FOR_EACH_ACCOUNT_UP(ledger, account, cause)
	if (atomic_load_explicit(&cause->breach, memory_order_acquire) && was_signalled(cause))
		return cause;
	return a;
}

/* A death that no step of ours explains. */
static const char *unexplained_verdict(const struct account *a, const struct record_ending *ending,
				       bool *certain)
{
	const struct record_outside *outside = ending->outside;

	if (a->last_denied || a->kernel_was_last) {
		*certain = false;
		if (a->kernel_was_last)
			return RECORD_VERDICT_OSERROR;
		return RECORD_LIMIT_KEYS[a->last_denied - 1];
	}
	if (ending->signal != SIGKILL || !outside)
		return ending->signal ? RECORD_VERDICT_SIGNAL : RECORD_VERDICT_EXIT;
	*certain = !outside->may_be_oom;
	return outside->was_oom ? RECORD_VERDICT_OSERROR : RECORD_VERDICT_SIGNAL;
}

const char *record_verdict(const struct ledger *ledger, uint32_t account, const struct record_ending *ending,
			   bool *certain)
{
	const struct account *a = record_cause(ledger, account);

	*certain = true;
	if (ending->outside && ending->outside->exec_error)
		return RECORD_VERDICT_OSERROR;
	if (record_cause_name(a) && was_signalled(a))
		return record_cause_name(a);
	if (ending->outside && ending->outside->is_internal)
		return RECORD_VERDICT_INTERNAL;
	if (!ending->signal && !ending->exit_code)
		return RECORD_VERDICT_OK;
	return unexplained_verdict(&ledger->account[account], ending, certain);
}
