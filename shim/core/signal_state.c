/*
 * signal_state.c - would that process take that signal? See signal_state.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "signal_state.h"

#include <string.h>

#include "fmt.h"
#include "procfs.h"
#include "rawsys.h"
#include "units.h"

enum { STATUS_MAX = 2048 };

/* The hexadecimal mask in the line that begins with `name`. Return: false if there is none. */
static bool read_mask(const char *text, const char *name, uint64_t *mask)
{
	const char *at = strstr(text, name);

	if (!at)
		return false;
	*mask = 0;
	for (at += strlen(name); *at && *at != '\n'; at++) {
		if (*at >= '0' && *at <= '9')
			*mask = *mask << 4 | (uint64_t)(*at - '0');
		else if (*at >= 'a' && *at <= 'f')
			*mask = *mask << 4 | (uint64_t)(*at - 'a' + 10);
	}
	return true;
}

/* Reads /proc/PID/status or, with a thread's number, /proc/PID/task/TID/status. */
static bool read_status(pid_t pid, int64_t tid, char text[STATUS_MAX])
{
	char path[64];
	struct fmt f = FMT_INIT(path);
	long len;
	int fd;

	fmt_str(&f, "/proc/");
	fmt_int(&f, pid);
	if (tid) {
		fmt_str(&f, "/task/");
		fmt_int(&f, tid);
	}
	fmt_str(&f, "/status");
	fd = raw_open(path, O_RDONLY, 0);
	if (fd < 0)
		return false;
	len = raw_read(fd, text, STATUS_MAX - 1);
	raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0;
}

/* A thread that is gone, or a first thread that has ended, takes no signal. */
static bool thread_blocks(pid_t pid, int64_t tid, uint64_t bit)
{
	char text[STATUS_MAX];
	uint64_t blocked;

	if (!read_status(pid, tid, text))
		return true;
	if (strstr(text, "\nState:\tZ") || strstr(text, "\nState:\tX"))
		return true;
	return read_mask(text, "\nSigBlk:\t", &blocked) && (blocked & bit);
}

static bool all_threads_block(pid_t pid, uint64_t bit)
{
	char path[32], buffer[1024] __attribute__((aligned(8)));
	struct fmt f = FMT_INIT(path);
	bool all = true;
	long len;
	int fd;

	fmt_str(&f, "/proc/");
	fmt_int(&f, pid);
	fmt_str(&f, "/task");
	fd = raw_open(path, O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return false;
	while (all && (len = raw_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; all && at < len;) {
			const struct raw_directory_entry *e =
				(const struct raw_directory_entry *)(buffer + at);
			int64_t tid;

			if (units_count(e->name, strlen(e->name), &tid) == 0)
				all = thread_blocks(pid, tid, bit);
			at += e->len;
		}
	}
	raw_close(fd);
	return all;
}

bool signal_state_is_refused(pid_t pid, int signal)
{
	uint64_t bit = 1ULL << (signal - 1), ignored;
	char text[STATUS_MAX];

	if (!read_status(pid, 0, text) || !read_mask(text, "\nSigIgn:\t", &ignored))
		return false;
	return (ignored & bit) || all_threads_block(pid, bit);
}

bool signal_state_is_handled(pid_t pid, int signal)
{
	uint64_t handled;
	char text[STATUS_MAX];

	return read_status(pid, 0, text) && read_mask(text, "\nSigCgt:\t", &handled) &&
	       (handled & 1ULL << (signal - 1));
}

/* Whether the calling process's first thread sleeps in a call that takes signals out of the queue. */
static bool first_waits_for_signals(void)
{
	char text[64];
	int fd = raw_open("/proc/self/syscall", O_RDONLY, 0);
	long len = fd < 0 ? fd : raw_read(fd, text, sizeof(text) - 1);
	long number = 0;

	if (fd >= 0)
		raw_close(fd);
	if (len <= 0)
		return true;
	text[len] = '\0';
	if (text[0] < '0' || text[0] > '9') /* "running", or -1 outside of a call */
		return false;
	for (const char *at = text; *at >= '0' && *at <= '9'; at++)
		number = number * 10 + (*at - '0');
	return number == SYS_rt_sigtimedwait;
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
