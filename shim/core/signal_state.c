/*
 * signal_state.c - would that process take that signal? See signal_state.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "signal_state.h"

#include <string.h>

#include "fmt.h"
#include "procfs.h"
#include "procread.h"
#include "procstatus.h"
#include "rawsys.h"
#include "text.h"

/* What a status file says of signals, and of who it is about. */
struct masks {
	bool is_there, has_ended;
	uint64_t blocked, ignored, handled;
};

static uint64_t read_mask(const char *text, size_t len)
{
	uint64_t mask = 0;

	for (; len; text++, len--) {
		if (*text >= '0' && *text <= '9')
			mask = mask << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			mask = mask << 4 | (uint64_t)(*text - 'a' + 10);
	}
	return mask;
}

static void read_field(void *context, const char *name, size_t len, const char *text, size_t text_len)
{
	struct masks *masks = context;

	if (text_is("State", name, len))
		masks->has_ended = text_len && (*text == 'Z' || *text == 'X');
	else if (text_is("SigBlk", name, len))
		masks->blocked = read_mask(text, text_len);
	else if (text_is("SigIgn", name, len))
		masks->ignored = read_mask(text, text_len);
	else if (text_is("SigCgt", name, len))
		masks->handled = read_mask(text, text_len);
	masks->is_there = true;
}

static struct masks read_masks(pid_t pid, const char *file)
{
	struct masks masks = {.is_there = false};
	int fd = procread_open(pid, file);

	if (fd >= 0) {
		procstatus_read_text(fd, read_field, &masks);
		raw_close(fd);
	}
	return masks;
}

struct asked {
	pid_t pid;
	uint64_t bit;
};

/* A thread that is gone, or a first thread that has ended, takes no signal. */
static bool thread_blocks(void *context, int64_t tid)
{
	const struct asked *asked = context;
	char name[40];
	struct fmt f = FMT_INIT(name);
	struct masks masks;

	fmt_str(&f, "task/");
	fmt_int(&f, tid);
	fmt_str(&f, "/status");
	masks = read_masks(asked->pid, name);
	return !masks.is_there || masks.has_ended || (masks.blocked & asked->bit);
}

static bool all_threads_block(pid_t pid, uint64_t bit)
{
	struct asked asked = {.pid = pid, .bit = bit};
	char path[32];
	struct fmt f = FMT_INIT(path);

	procread_put_path(&f, pid, "task");
	return procread_numbers(path, thread_blocks, &asked) == 0;
}

bool signal_state_is_refused(pid_t pid, int signal)
{
	uint64_t bit = 1ULL << (signal - 1);
	struct masks masks = read_masks(pid, "status");

	return masks.is_there && ((masks.ignored & bit) || all_threads_block(pid, bit));
}

bool signal_state_is_handled(pid_t pid, int signal)
{
	return read_masks(pid, "status").handled & 1ULL << (signal - 1);
}

/* Whether the calling process's first thread sleeps in a call that takes signals out of the queue. */
static bool first_waits_for_signals(void)
{
	char text[64];

	/* "running", or -1 outside of a call, are no number, and so none of that call. */
	return procread_text(0, "syscall", text, sizeof(text)) <= 0 ||
	       procread_number(text) == SYS_rt_sigtimedwait;
}

bool signal_state_is_deadly(int signal)
{
	uint64_t blocked;
	char state = procfs_first_thread(&blocked);

	if (!state || state == 'Z' || (blocked >> (signal - 1) & 1))
		return false;
	/* Who runs does not wait. */
	return state == 'R' || !first_waits_for_signals();
}

void signal_state_rehearse(void)
{
	signal_state_is_deadly(SIGTERM);
	first_waits_for_signals();
}
