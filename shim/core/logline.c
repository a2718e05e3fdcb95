/*
 * logline.c - one line per event; see logline.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "logline.h"

#include <string.h>

#include "fmt.h"
#include "private_files.h"
#include "quiet_write.h"
#include "rawsys.h"
#include "units.h"

static int open_log(const char *where, bool *opened)
{
	int64_t fd;

	*opened = units_count(where, strlen(where), &fd) != 0;
	return *opened ? quiet_open(where) : (int)fd;
}

void logline_hold(struct account *account)
{
	struct stat st;
	int64_t fd;

	if (account->log_ino || units_count(account->log, strlen(account->log), &fd) ||
	    raw_fstat((int)fd, &st) < 0)
		return;
	account->log_dev = st.st_dev;
	account->log_ino = st.st_ino;
}

static bool is_log(const struct account *account, int fd)
{
	struct stat st;

	return raw_fstat(fd, &st) == 0 && st.st_dev == account->log_dev && st.st_ino == account->log_ino;
}

/* Return: the descriptor to write to, or -1; to be closed if it was opened for this. */
static int find_log(const struct account *account, bool *opened)
{
	int fd;

	if (!account->log[0])
		return -1;
	fd = open_log(account->log, opened);
	/* Not ours to see: the program has closed it, or this is the watchdog with its own descriptors. */
	if (fd >= 0 && !*opened && !is_log(account, fd)) {
		fd = private_files_borrow(fd);
		*opened = fd >= 0;
	}
	if (fd >= 0 && *opened && account->log_ino && !is_log(account, fd)) {
		raw_close(fd);
		return -1;
	}
	return fd;
}

void logline_text(const struct account *account, const char *text, size_t len)
{
	enum { AT_ONCE = 4096 /* that a pipe which is ready takes without waiting */ };
	bool opened = false;
	int fd = find_log(account, &opened);

	while (fd >= 0 && len && raw_poll_writable(fd, 0) > 0) {
		long written = quiet_write(fd, text, len < AT_ONCE ? len : AT_ONCE);

		if (written <= 0)
			break;
		text += written;
		len -= (size_t)written;
	}
	if (fd >= 0 && opened)
		raw_close(fd);
}

void logline(const struct account *account, const char *event, const char *detail, int64_t number)
{
	char line[256];
	struct fmt f = FMT_INIT(line);
	int64_t us = (raw_clock_ns(CLOCK_MONOTONIC) - account->start_ns) / 1000;
	bool opened;
	int fd = find_log(account, &opened);

	if (fd < 0)
		return;
	fmt_str(&f, "reslimit[");
	fmt_int(&f, raw_getpid());
	fmt_str(&f, "] ");
	fmt_int(&f, us);
	fmt_str(&f, "us ");
	fmt_str(&f, event);
	fmt_char(&f, ' ');
	fmt_str(&f, detail);
	fmt_char(&f, ' ');
	fmt_int(&f, number);
	fmt_char(&f, '\n');
	/* A log that is full or gone must not hold the program up. */
	if (raw_poll_writable(fd, 0) > 0)
		quiet_write(fd, line, f.len);
	if (opened)
		raw_close(fd);
}
