/*
 * time_namespace.c - one time for a tree; see time_namespace.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "time_namespace.h"

#include <stdatomic.h>
#include <string.h>

#include "procread.h"
#include "rawsys.h"

static uint64_t inode_of(const char *path)
{
	struct stat st;

	return raw_stat(path, &st, 0) < 0 ? 0 : st.st_ino;
}

/* "monotonic           0         0": whole seconds, maybe negative, and nanoseconds. */
static bool read_offset(const char *text, const char *name, int64_t *ns)
{
	const char *at = strstr(text, name);
	bool is_negative;

	if (!at)
		return false;
	at += strlen(name);
	at += strspn(at, " ");
	is_negative = *at == '-';
	at += is_negative;
	*ns = procread_number(at) * (is_negative ? -1000000000 : 1000000000);
	*ns += procread_number(at + strspn(at, "0123456789"));
	return true;
}

/*
 * What the namespace of this process adds. The file tells of the one that its children will be in; before
 * Linux 6.0 a program that was executed could stay in another, of which nothing is told.
 */
static bool read_offsets(int64_t *monotonic_ns, int64_t *boottime_ns)
{
	char text[160];

	return inode_of("/proc/self/ns/time") == inode_of("/proc/self/ns/time_for_children") &&
	       procread_text(0, "timens_offsets", text, sizeof(text)) > 0 &&
	       read_offset(text, "monotonic", monotonic_ns) && read_offset(text, "boottime", boottime_ns);
}

void time_namespace_expect(struct ledger *ledger)
{
	int64_t monotonic_ns, boottime_ns;

	if (atomic_load_explicit(&ledger->has_time_namespaces, memory_order_acquire) ||
	    !read_offsets(&monotonic_ns, &boottime_ns))
		return;
	atomic_store_explicit(&ledger->home_clock_ns[0], monotonic_ns, memory_order_relaxed);
	atomic_store_explicit(&ledger->home_clock_ns[1], boottime_ns, memory_order_relaxed);
	atomic_store_explicit(&ledger->has_time_namespaces, 1, memory_order_release);
}

void time_namespace_enter(const struct ledger *ledger)
{
	int64_t monotonic_ns, boottime_ns;

	if (!atomic_load_explicit(&ledger->has_time_namespaces, memory_order_acquire) ||
	    !read_offsets(&monotonic_ns, &boottime_ns))
		return;
	raw_clock_shift.monotonic_ns =
		monotonic_ns - atomic_load_explicit(&ledger->home_clock_ns[0], memory_order_relaxed);
	raw_clock_shift.boottime_ns =
		boottime_ns - atomic_load_explicit(&ledger->home_clock_ns[1], memory_order_relaxed);
}
