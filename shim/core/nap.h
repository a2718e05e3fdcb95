/*
 * nap.h - a sleep that tells when a stop cut it short.
 *
 * Owns:    two pages, and two descriptors in the watchdog's own table.
 * Called:  watchdog, in its thread alone.
 * Context: async-signal-safe, never allocates, leaves errno alone. RAW_WAKE_SIGNAL is blocked.
 * Fork:    the child has neither; its watchdog prepares its own.
 *
 * No kernel notes when a process was stopped. But ppoll(2) writes what is left of
 * its time when it is interrupted, before the thread stops. It would then be taken up
 * again when the process goes on, unless that time cannot be written: it stands
 * across the end of a page, and the page behind, which holds the bytes that are always 0,
 * is for reading only. So the call fails with EINTR, as rt_sigtimedwait(2) does,
 * and what was left is known. That time is only a clock that runs down: the kernel may
 * end it late by a thousandth. The time to wake comes from a timer of its own.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_NAP_H
#define RL_CORE_NAP_H

#include <stdbool.h>
#include <stdint.h>

struct nap {
	bool is_prepared;
	int wake_fd, timer_fd;
};

/* Where the thread has a table of its own: the program must not find the descriptors. */
void nap_prepare(struct nap *nap);

/*
 * Sleeps as raw_sleep_until_woken() does, and so without preparation. Return: RAW_WAKE_SIGNAL, -EAGAIN when
 * the time has come, -EINTR after a stop. *slept_ns is how long it slept, until that began if it was stopped;
 * -1: nobody knows.
 */
int nap_until_woken(const struct nap *nap, int64_t ns, int64_t *slept_ns);

#endif
