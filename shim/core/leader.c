/*
 * leader.c - has every thread of the program ended? See leader.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leader.h"

#include <linux/prctl.h>
#include <stdatomic.h>
#include <string.h>

#include "procfs.h"
#include "procread.h"
#include "rawsys.h"
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
	struct procfs_first first;

	procfs_look_at_first(&first);
	return first.state == 'Z';
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

static bool is_one_of_two(void *leader, int64_t tid)
{
	return tid == raw_gettid() || tid == ((const struct leader *)leader)->pid;
}

bool leader_left_nobody(struct leader *leader, uint32_t leaving)
{
	/* Who announces it, or the first thread whose word is cleared, is gone a moment later. */
	if (leaving != LEAVING_NONE)
		leader->pause_ns = FIRST_PAUSE_NS;
	leader->ended |= has_ended(leader, leaving);
	return leader->ended && is_zombie() &&
	       procread_numbers("/proc/self/task", is_one_of_two, leader) == 0;
}

int leader_status(void)
{
	char text[1024];
	const char *at;

	procread_text(0, "stat", text, sizeof(text));
	/* The last field; see proc(5). */
	at = strrchr(text, ' ');
	return at ? (int)procread_number(at) : 0;
}
