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

static void read_field(void *context, const char *name, size_t len, const char *text, size_t text_len)
{
	struct masks *masks = context;

	if (text_is("State", name, len))
		masks->has_ended = text_len && (*text == 'Z' || *text == 'X');
	else if (text_is("SigBlk", name, len))
		procread_hex(text, &masks->blocked);
	else if (text_is("SigIgn", name, len))
		procread_hex(text, &masks->ignored);
	else if (text_is("SigCgt", name, len))
		procread_hex(text, &masks->handled);
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

/*
 * What the files told of the calling process's first thread when its clock stood there. Only what it does
 * itself changes any of that: they need not be read again while it has not run.
 */
static struct {
	pid_t pid;
	int64_t clock_ns;
	struct procfs_first is;
	bool waits_for_signals;
} first;

static int64_t clock_of_first(pid_t pid)
{
	return raw_clock_ns(raw_cpu_clock_of_thread(pid));
}

static void look_at_first(void)
{
	pid_t pid = raw_getpid();

	if (first.pid == pid && first.clock_ns >= 0 && first.clock_ns == clock_of_first(pid))
		return;
	first.pid = pid;
	first.clock_ns = clock_of_first(pid);
	procfs_look_at_first(&first.is);
	/* Who runs does not wait. */
	first.waits_for_signals = first.is.state != 'R' && first_waits_for_signals();
}

bool signal_state_is_deadly(int signal)
{
	look_at_first();
	return first.is.state && first.is.state != 'Z' && !(first.is.blocked >> (signal - 1) & 1) &&
	       !first.waits_for_signals;
}

int signal_state_processor_of_first(void)
{
	look_at_first();
	return first.is.state == 'R' ? first.is.processor : -1;
}

void signal_state_rehearse(void)
{
	look_at_first();
	first_waits_for_signals();
}
