/*
 * leader.c - has every thread of the program ended? See leader.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leader.h"

#include <errno.h>
#include <limits.h>
#include <linux/prctl.h>
#include <stdatomic.h>
#include <string.h>

#include "rawsys.h"
#include "units.h"

enum { FIRST_PAUSE_NS = 1000000, LAST_PAUSE_DOUBLES = 16 /* to about a minute */ };

void leader_find(struct leader *leader)
{
	_Atomic uint32_t *word = NULL;
	pid_t pid = raw_getpid();

	memset(leader, 0, sizeof(*leader));
	leader->pid = pid;
	leader->pause_ns = FIRST_PAUSE_NS;
	if (raw_gettid() != pid || raw_syscall2(SYS_prctl, PR_GET_TID_ADDRESS, &word) < 0 || !word)
		return;
	if (atomic_load_explicit(word, memory_order_relaxed) == (uint32_t)pid)
		leader->word = word;
}

static bool is_zombie(void)
{
	char text[128];
	long len;
	int fd = raw_open("/proc/self/stat", O_RDONLY, 0);
	const char *at;

	if (fd < 0)
		return false;
	len = raw_read(fd, text, sizeof(text) - 1);
	raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	at = strrchr(text, ')');
	return at && at[1] == ' ' && at[2] == 'Z';
}

/* The word was cleared, or is no longer what it was. */
static void note_end(struct leader *leader)
{
	_Atomic uint32_t *word = leader->word;

	leader->word = NULL;
	/* The kernel wakes one, and that was us: a thread that joins the first must hear of it, too. */
	raw_futex_wake(word, INT_MAX, 0);
	/* It becomes a zombie a moment after its word was cleared. */
	leader->ended = true;
}

void leader_wait(struct leader *leader, _Atomic uint32_t *own, uint32_t value, int64_t until_ns)
{
	struct raw_futex_waiter waiters[2] = {
		{.value = value, .address = (uintptr_t)own, .flags = RAW_FUTEX2_32 | RAW_FUTEX_PRIVATE},
		{.value = (uint32_t)leader->pid, .address = (uintptr_t)leader->word, .flags = RAW_FUTEX2_32},
	};
	int error;

	if (leader->ended) {
		int64_t soon_ns = raw_clock_ns(CLOCK_MONOTONIC) + leader->pause_ns;

		until_ns = until_ns < soon_ns ? until_ns : soon_ns;
		leader->pause_ns *= leader->pause_ns < (int64_t)FIRST_PAUSE_NS << LAST_PAUSE_DOUBLES ? 2 : 1;
	}
	if (!leader->word) {
		raw_futex_wait_until(own, value, until_ns, RAW_FUTEX_PRIVATE);
		return;
	}
	error = raw_futex_wait_any(waiters, 2, until_ns);
	if (error < 0 && error != -ETIMEDOUT && error != -EAGAIN && error != -EINTR) {
		leader->word = NULL; /* before Linux 5.16, or forbidden: nobody tells */
		return;
	}
	if (atomic_load_explicit(leader->word, memory_order_acquire) != (uint32_t)leader->pid)
		note_end(leader);
}

bool leader_left_nobody(const struct leader *leader)
{
	char buffer[512] __attribute__((aligned(8)));
	pid_t self = raw_gettid();
	bool others = !leader->ended || !is_zombie();
	int fd = others ? -1 : raw_open("/proc/self/task", O_RDONLY | O_DIRECTORY, 0);
	long len = -1;

	if (fd < 0)
		return false;
	while (!others && (len = raw_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < len;) {
			const struct raw_directory_entry *e =
				(const struct raw_directory_entry *)(buffer + at);
			int64_t tid;

			if (units_count(e->name, strlen(e->name), &tid) == 0 && tid != self &&
			    tid != leader->pid)
				others = true;
			at += e->len;
		}
	}
	raw_close(fd);
	return !others && len == 0;
}

int leader_status(void)
{
	char text[1024];
	int fd = raw_open("/proc/self/stat", O_RDONLY, 0);
	long len = fd < 0 ? 0 : raw_read(fd, text, sizeof(text) - 1);
	const char *at;
	int64_t status;

	if (fd >= 0)
		raw_close(fd);
	/* The last field; see proc(5). */
	text[len > 0 ? len - 1 : 0] = '\0';
	at = strrchr(text, ' ');
	return at && !units_count(at + 1, strlen(at + 1), &status) ? (int)status : 0;
}
