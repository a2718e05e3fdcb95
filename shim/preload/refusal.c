/*
 * refusal.c - a program that is not to start; see refusal.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "refusal.h"

#include <stdatomic.h>
#include <unistd.h>

#include "core/accounts.h"
#include "core/fmt.h"
#include "core/ledger_file.h"
#include "core/ledger_lock.h"
#include "core/procfs.h"
#include "core/quiet_write.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "core/slots.h"
#include "core/sweep.h"
#include "core/trace.h"
#include "environment.h"
#include "member.h"

enum { EXIT_OUR_FAILURE = 125 };

static void tell_supervisor(void)
{
	if (!member.ledger)
		return;
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	if (a->root == member.slot)
		atomic_store_explicit(&a->joined, ACCOUNT_JOIN_REFUSED, memory_order_release);
}

static bool is_new_tree;

void refusal_note_new_tree(void)
{
	is_new_tree = true;
}

/* This process's tree: also one that it has not come to join again after its exec. */
static struct ledger *find_tree(uint32_t *slot)
{
	const char *path = environment_ledger(environ);
	struct ledger *ledger;

	*slot = member.slot;
	if (member.ledger)
		return member.ledger;
	if (!path || ledger_open(path, &ledger))
		return NULL;
	*slot = slots_find(ledger, raw_getpid(), procfs_began_ns(raw_getpid()));
	return *slot == LEDGER_NONE ? NULL : ledger;
}

/* Of budgets that had begun. Where nothing of the program's ever ran there is nothing to tell. */
static void write_records(struct ledger *ledger, uint32_t slot)
{
	struct record_ending ending = {.exit_code = EXIT_OUR_FAILURE};
	uint64_t mask;

	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	if (is_new_tree || !a->start_ns)
		atomic_store_explicit(&a->record_taken, 1, memory_order_relaxed);
	if (record_is_due(ledger, slot))
		sweep_dead(ledger, SWEEP_ALL);
	/* What it had before the exec is gone. */
	ledger_lock(ledger, &mask);
	slots_return_leases(ledger, slot);
	ledger_unlock(ledger, &mask);
	trace_exit(ledger, slot, EXIT_OUR_FAILURE, false);
	record_process_end(ledger, slot, &ending);
}

/* As at every other end: whose first process this is has a record, and the last one leaves no file. */
static void leave_tree(void)
{
	struct ledger *ledger;
	uint64_t mask;
	uint32_t slot;

	ledger = find_tree(&slot);
	if (!ledger)
		return;
	if (ledger->slot[slot].account != LEDGER_NONE)
		write_records(ledger, slot);
	ledger_lock(ledger, &mask);
	slots_leave(ledger, slot);
	ledger_unlock(ledger, &mask);
	if (slots_is_last(ledger, slot))
		ledger_unlink(ledger);
}

/* The one line that the shim ever prints. */
void refusal_end(const char *why)
{
	char line[REFUSAL_MAX + 32];
	struct fmt f = FMT_INIT(line);

	tell_supervisor();
	leave_tree();
	fmt_str(&f, "reslimit: ");
	fmt_str(&f, why);
	fmt_char(&f, '\n');
	quiet_write(2, line, f.len);
	raw_exit_group(EXIT_OUR_FAILURE);
}

void refusal_end_number(const char *name, int64_t number, const char *why)
{
	char text[REFUSAL_MAX];
	struct fmt f = FMT_INIT(text);

	fmt_str(&f, name);
	fmt_int(&f, number);
	fmt_str(&f, why);
	refusal_end(text);
}

void refusal_end_text(const char *name, const char *value, const char *why)
{
	char text[REFUSAL_MAX];
	struct fmt f = FMT_INIT(text);

	fmt_str(&f, name);
	fmt_printable(&f, value, 200);
	fmt_str(&f, why);
	refusal_end(text);
}
