/*
 * leader.c - has every thread of the program ended? See leader.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leader.h"

#include <linux/prctl.h>
#include <stdatomic.h>
#include <string.h>

#include "rawsys.h"
#include "units.h"
#include "watchdog.h"

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

static bool has_ended(const struct leader *leader, uint32_t leaving)
{
	return leaving == LEAVING_LEADER ||
	       (leader->word &&
		atomic_load_explicit(leader->word, memory_order_acquire) != (uint32_t)leader->pid);
}

int64_t leader_pause(struct leader *leader)
{
	int64_t pause_ns = leader->pause_ns;

	if (!leader->ended)
		return INT64_MAX;
	leader->pause_ns *= pause_ns < (int64_t)FIRST_PAUSE_NS << LAST_PAUSE_DOUBLES ? 2 : 1;
	return pause_ns;
}

bool leader_left_nobody(struct leader *leader, uint32_t leaving)
{
	char buffer[512] __attribute__((aligned(8)));
	pid_t self = raw_gettid();
	bool others;
	long len = -1;
	int fd;

	/* Who announces it, or the first thread whose word is cleared, is gone a moment later. */
	if (leaving != LEAVING_NONE)
		leader->pause_ns = FIRST_PAUSE_NS;
	leader->ended |= has_ended(leader, leaving);
	others = !leader->ended || !is_zombie();
	fd = others ? -1 : raw_open("/proc/self/task", O_RDONLY | O_DIRECTORY, 0);

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
