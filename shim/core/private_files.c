/*
 * private_files.c - a descriptor table of its own for the watchdog; see private_files.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "private_files.h"

#include <limits.h>
#include <linux/close_range.h>

#include "rawsys.h"

int private_files_borrow(int fd)
{
	long process = raw_syscall2(SYS_pidfd_open, raw_getpid(), 0);
	int copy;

	if (process < 0)
		return (int)process;
	copy = (int)raw_syscall3(SYS_pidfd_getfd, process, fd < 0 ? process : fd, 0);
	raw_close((int)process);
	return copy;
}

bool private_files_can_be(void)
{
	int copy = private_files_borrow(-1);

	if (copy >= 0)
		raw_close(copy);
	return copy >= 0;
}

bool private_files_begin(void)
{
	/* Of a range that is closed at once nothing is copied: no file is held or flushed. */
	return raw_syscall3(SYS_close_range, 0, UINT_MAX, CLOSE_RANGE_UNSHARE) == 0;
}

void private_files_carry(int fd)
{
	int copy = private_files_borrow(fd);

	if (copy < 0)
		return;
	if (copy != fd) {
		raw_fcntl(copy, F_DUPFD_CLOEXEC, fd);
		raw_close(copy);
	}
}
