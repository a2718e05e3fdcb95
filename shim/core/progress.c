/*
 * progress.c - when a tree last got on; see progress.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "progress.h"

#include <stdatomic.h>

#include "accounts.h"
#include "procread.h"
#include "rawsys.h"
#include "slots.h"

/* The kernel stamps files with the time of its last tick, up to 10 ms ago. */
enum { STAMP_LAG_NS = 10000000 };

void progress_note(struct account *a, int64_t at_ns)
{
	int64_t known_ns = atomic_load_explicit(&a->progress_ns, memory_order_relaxed);

	while (known_ns < at_ns &&
	       !atomic_compare_exchange_weak_explicit(&a->progress_ns, &known_ns, at_ns, memory_order_relaxed,
						      memory_order_relaxed))
		;
}

int64_t progress_last_ns(const struct ledger *ledger, uint32_t account)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	const struct account *a = &ledger->account[account];
	int64_t last_ns = atomic_load_explicit(&a->progress_ns, memory_order_relaxed);

	if (last_ns < a->start_ns)
		last_ns = a->start_ns;
	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];
		int64_t told_ns = atomic_load_explicit(&s->progress_ns, memory_order_relaxed);

		if (told_ns > last_ns && accounts_is_within(ledger, s->account, account))
			last_ns = told_ns;
	}
	return last_ns;
}

static int64_t date_ahead_ns(void)
{
	return raw_clock_ns(CLOCK_REALTIME) - raw_clock_ns(CLOCK_MONOTONIC);
}

void progress_note_date(struct account *a)
{
	if (a->idle_output)
		atomic_store_explicit(&a->date_ahead_ns, date_ahead_ns(), memory_order_relaxed);
}

/* What a look for output goes by: time, and how far the date has left it behind. */
struct look {
	int64_t now_ns;	 /* CLOCK_MONOTONIC */
	int64_t leap_ns; /* set forward, or suspended, since the last look */
};

/* When the file behind a descriptor was last written. Return: false if it may carry no such time. */
static bool last_write(const struct look *look, pid_t pid, const char *descriptor, int64_t *at_ns)
{
	char path[48];
	struct fmt f = FMT_INIT(path);
	int64_t age_ns;
	struct stat st;

	*at_ns = 0;
	procread_put_path(&f, pid, descriptor);
	if (raw_stat(path, &st, 0) < 0)
		return true; /* closed, or not ours to see */
	if (!S_ISREG(st.st_mode) && !S_ISFIFO(st.st_mode))
		return false;
	age_ns =
		raw_clock_ns(CLOCK_REALTIME) - ((int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec);
	/* A date still to come, as after the clock was set back, would be progress at each look until then.
	 */
	if (age_ns < 0)
		return false;
	/* Older than the leap: stamped before it, as far as can be known. */
	if (look->leap_ns > 0 && age_ns >= look->leap_ns)
		age_ns -= look->leap_ns;
	age_ns -= STAMP_LAG_NS;
	*at_ns = look->now_ns - (age_ns > 0 ? age_ns : 0);
	/* Linux 6.14 stopped stamping pipes; a time that does not move does no harm. */
	return S_ISREG(st.st_mode);
}

/* Bytes that a process has written to anything, or 0. */
static int64_t bytes_written(pid_t pid)
{
	char text[256];

	procread_text(pid, "io", text, sizeof(text));
	return procread_field(text, "wchar:");
}

bool progress_look_for_output(struct ledger *ledger, uint32_t account, uint32_t self, int64_t now_ns)
{
	static const char *const descriptors[] = {"fd/1", "fd/2"};
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	uint64_t pid_namespace = slots_namespace_of(ledger, self);
	struct account *a = &ledger->account[account];
	int64_t ahead_ns = date_ahead_ns(), bytes = 0, at_ns;
	const struct look look = {now_ns,
				  ahead_ns - atomic_load_explicit(&a->date_ahead_ns, memory_order_relaxed)};
	bool any_without_time = false;

	for (uint32_t i = 0; i < end; i++) {
		pid_t pid = slots_member_in(ledger, i, account, pid_namespace);
		bool has_time = true;

		if (!pid)
			continue;
		for (int d = 0; d < 2; d++) {
			has_time &= last_write(&look, pid, descriptors[d], &at_ns);
			progress_note(a, at_ns);
		}
		if (!has_time) {
			any_without_time = true;
			bytes += bytes_written(pid);
		}
	}
	/* Fewer bytes, because somebody died, say nothing: at worst a look comes to nothing. */
	if (atomic_exchange_explicit(&a->output_seen, bytes, memory_order_relaxed) < bytes)
		progress_note(a, now_ns);
	/* Last: of two watchdogs that look at once, both find what was written before the leap. */
	atomic_store_explicit(&a->date_ahead_ns, ahead_ns, memory_order_relaxed);
	return any_without_time;
}
