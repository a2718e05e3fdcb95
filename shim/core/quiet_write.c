/*
 * quiet_write.c - writes that neither raise a signal nor wait; see quiet_write.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "quiet_write.h"

#include <errno.h>

#include "rawsys.h"

static uint64_t signal_of(long result)
{
	int signal = result == -EPIPE ? SIGPIPE : result == -EFBIG ? SIGXFSZ : 0;

	return signal ? 1ULL << (signal - 1) : 0;
}

int quiet_open(const char *path)
{
	return raw_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_NONBLOCK, 0666);
}

long quiet_write(int fd, const char *bytes, size_t len)
{
	static const uint64_t all = ~0ULL;
	static const struct timespec at_once;
	uint64_t mask, raised, pending = 0;
	long written;

	raw_sigmask(SIG_SETMASK, &all, &mask);
	raw_syscall2(SYS_rt_sigpending, &pending, sizeof(pending));
	written = raw_write(fd, bytes, len);
	raised = signal_of(written);
	/* One that was pending before is the program's own. */
	if (raised && !(pending & raised))
		raw_syscall4(SYS_rt_sigtimedwait, &raised, NULL, &at_once, sizeof(raised));
	raw_sigmask(SIG_SETMASK, &mask, NULL);
	return written;
}
