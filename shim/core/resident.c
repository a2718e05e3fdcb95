/*
 * resident.c - resident memory; see resident.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "resident.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "procread.h"
#include "rawsys.h"
#include "slots.h"

enum { SMALLEST_PAGE = 4096, LARGEST_PAGE = 1 << 20 };

void resident_open(struct account *a, const struct config *config)
{
	a->rss_grace_ns = config->rss_grace_ns == CONFIG_UNSET ? 0 : config->rss_grace_ns;
	a->tick_ns = config->tick_ns;
	a->rss_base = -1;
	a->rss_sampler = LEDGER_NONE;
}

void resident_open_sibling(struct account *a, const struct account *model)
{
	a->rss_grace_ns = model->rss_grace_ns;
	a->tick_ns = model->tick_ns;
	a->rss_base = -1; /* the first sample after the fork */
	a->rss_sampler = LEDGER_NONE;
}

void resident_begin(struct account *a, int64_t bytes)
{
	a->rss_base = bytes;
	if (bytes > a->rss_peak)
		a->rss_peak = bytes;
	if (bytes > a->limit[RL_RSS])
		a->rss_base_exceeds = 1;
}

bool resident_is_limited(const struct ledger *ledger, uint32_t index)
{
	FOR_EACH_ACCOUNT_UP(ledger, index, a)
	if (a->limit[RL_RSS] != RL_UNLIMITED || a->limit[RL_RSS_GROWTH] != RL_UNLIMITED)
		return true;
	return false;
}

/* The kernel refuses an address between two pages before it looks at anything else. */
static int64_t page_size(void)
{
	static int64_t known;

	for (int64_t size = SMALLEST_PAGE; !known && size <= LARGEST_PAGE; size *= 2)
		if (raw_syscall3(SYS_mincore, size, 0, NULL) != -EINVAL)
			known = size;
	return known ? known : SMALLEST_PAGE;
}

int64_t resident_of(pid_t pid)
{
	char text[128];
	long len = procread_text(pid, "statm", text, sizeof(text));
	const char *second;

	if (len <= 0)
		return pid && raw_kill(pid, 0) == -ESRCH ? 0 : -1;
	second = strchr(text, ' ');
	return second ? procread_number(second) * page_size() : -1;
}

int64_t resident_of_self(void)
{
	int64_t bytes = resident_of(0);

	return bytes > 0 ? bytes : 0;
}

int64_t resident_of_members(const struct ledger *ledger, uint32_t account, uint32_t self)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace = slots_namespace_of(ledger, self);
	int64_t sum = 0;

	for (uint32_t i = 0; i < end; i++) {
		pid_t pid = slots_member_in(ledger, i, account, pid_namespace);
		int64_t bytes = pid ? resident_of(pid) : 0;

		sum += bytes > 0 ? bytes : 0;
	}
	return sum;
}

int64_t resident_share_of(pid_t pid)
{
	static const char PSS[] = "\nPss:";
	char text[1024];
	bool is_told = procread_text(pid, "smaps_rollup", text, sizeof(text)) > 0 && strstr(text, PSS);

	return is_told ? procread_field(text, PSS) * 1024 : -1;
}
