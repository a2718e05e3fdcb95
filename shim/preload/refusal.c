/*
 * refusal.c - a program that is not to start; see refusal.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "refusal.h"

#include <stdatomic.h>

#include "core/accounts.h"
#include "core/fmt.h"
#include "core/quiet_write.h"
#include "core/rawsys.h"
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

/* The one line that the shim ever prints. */
void refusal_end(const char *why)
{
	char line[REFUSAL_MAX + 32];
	struct fmt f = FMT_INIT(line);

	tell_supervisor();
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
