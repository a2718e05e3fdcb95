/*
 * nap.c - a sleep that tells when a stop cut it short; see nap.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "nap.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

#include "attrs.h"
#include "rawsys.h"

enum {
	PAGE = 4096,
	LONGEST_S = 1 << 30,
	/* Seconds, and the lower half of the nanoseconds; the upper half, on the second page, is 0. */
	WRITTEN_BYTES = 12,
};

/* A mapping that no child gets: each fork copies what there is, and two pages of ours in a mapping of others
 * would make three of it. */
static struct {
	char *pages;
	pid_t pid; /* whose they are */
} room;

static bool make_room(void)
{
	pid_t pid = raw_getpid();
	long pages;

	if (room.pid == pid)
		return true;
	pages = raw_mmap(NULL, (size_t)2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw_is_error(pages) || raw_mprotect((char *)pages + PAGE, PAGE, PROT_READ) < 0)
		return false;
	/* Where it is refused children get it, and make another. */
	raw_syscall3(SYS_madvise, pages, 2 * PAGE, MADV_DONTFORK);
	room.pages = (char *)pages;
	room.pid = pid;
	return true;
}

static char *time_left(void)
{
	return room.pages + PAGE - WRITTEN_BYTES;
}

void nap_prepare(struct nap *nap)
{
	static const uint64_t wake = 1ULL << (RAW_WAKE_SIGNAL - 1);

	/* Both take their flags by the numbers of open(2). */
	nap->wake_fd = (int)raw_syscall4(SYS_signalfd4, -1, &wake, sizeof(wake), O_CLOEXEC | O_NONBLOCK);
	nap->timer_fd = (int)raw_syscall2(SYS_timerfd_create, CLOCK_MONOTONIC, O_CLOEXEC | O_NONBLOCK);
	nap->is_prepared = nap->wake_fd >= 0 && nap->timer_fd >= 0 &&
			   __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && make_room();
}

static int64_t gone_ns(void)
{
	int64_t seconds;
	uint32_t nanoseconds;

	memcpy(&seconds, time_left(), sizeof(seconds));
	memcpy(&nanoseconds, time_left() + sizeof(seconds), sizeof(nanoseconds));
	return (LONGEST_S - seconds) * 1000000000 - nanoseconds;
}

static long set_timer(const struct nap *nap, int64_t ns)
{
	struct itimerspec when;

	memset(&when, 0, sizeof(when));
	if (ns != INT64_MAX) {
		when.it_value.tv_sec = ns / 1000000000;
		when.it_value.tv_nsec = ns % 1000000000;
	}
	return raw_syscall4(SYS_timerfd_settime, nap->timer_fd, 0, &when, NULL);
}

/* Return: how long the call lasted until it was interrupted, or all of it; -1: the kernel does not tell. */
static int64_t sleep_in(struct pollfd *p, size_t count, long *result)
{
	const int64_t longest = LONGEST_S;
	const uint32_t zero = 0;

	memcpy(time_left(), &longest, sizeof(longest));
	memcpy(time_left() + sizeof(longest), &zero, sizeof(zero));
	*result = raw_syscall5(SYS_ppoll, p, count, time_left(), NULL, 0);
	/* A kernel that writes all or nothing has left what was there. */
	return gone_ns() > 0 ? gone_ns() : -1;
}

int nap_until_woken(const struct nap *nap, int64_t ns, int64_t *slept_ns)
{
	struct pollfd p[2] = {{.fd = nap->wake_fd, .events = POLLIN},
			      {.fd = nap->timer_fd, .events = POLLIN}};
	long result;

	*slept_ns = -1;
	if (!nap->is_prepared || set_timer(nap, ns) < 0)
		return raw_sleep_until_woken(ns);
	*slept_ns = sleep_in(p, RL_ARRAY_LEN(p), &result);
	if (result < 0)
		return (int)result;
	/* Takes the signal out of the queue. */
	return p[0].revents ? raw_sleep_until_woken(0) : -EAGAIN;
}
