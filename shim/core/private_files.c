/*
 * private_files.c - a descriptor table of its own for the watchdog; see private_files.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "private_files.h"

#include <errno.h>
#include <limits.h>
#include <linux/close_range.h>

#include "rawsys.h"

int private_files_borrow(int fd)
{
	long process = raw_syscall2(SYS_pidfd_open, raw_getpid(), 0);
	int copy;

	if (process < 0)
		return (int)process;
	copy = (int)raw_syscall3(SYS_pidfd_getfd, process, fd, 0);
	raw_close((int)process);
	return copy;
}

/* Asked by arguments that cannot succeed, because a descriptor that is made and closed costs a start 8 us. */
bool private_files_can_be(void)
{
	return raw_syscall2(SYS_pidfd_open, 0, 0) == -EINVAL &&
	       raw_syscall3(SYS_pidfd_getfd, -1, -1, 0) == -EBADF;
}

/* Closes from `first` to `last`, either of which may be one past the other: then nothing. */
static bool close_between(int64_t first, int64_t last, unsigned flags)
{
	return first > last || raw_syscall3(SYS_close_range, first, last, flags) == 0;
}

bool private_files_begin(const int *keep, int count)
{
	int64_t first = 0;
	unsigned flags = CLOSE_RANGE_UNSHARE;

	/* Of a range that is closed at once nothing is copied: no file is held or flushed. */
	for (int i = 0; i < count; i++) {
		if (!close_between(first, (int64_t)keep[i] - 1, flags) && flags)
			return false;
		if (first < keep[i])
			flags = 0;
		first = (int64_t)keep[i] + 1;
	}
	return close_between(first, UINT_MAX, flags) || !flags;
}
