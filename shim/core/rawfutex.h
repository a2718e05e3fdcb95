/*
 * rawfutex.h - words that processes wait on, past libc.
 *
 * Owns:    nothing; the words are the callers'.
 * Called:  ledger_lock, stacks_process; the plug-in's host and who starts it.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_RAWFUTEX_H
#define RL_CORE_RAWFUTEX_H

#include "rawsys.h"

enum { RAW_FUTEX_WAKE = 1, RAW_FUTEX_WAIT_BITSET = 9, RAW_FUTEX_PRIVATE = 128 };

/* Sleeps while *word == value, until the absolute CLOCK_MONOTONIC time; INT64_MAX is for ever. */
static inline int raw_futex_wait_until(_Atomic uint32_t *word, uint32_t value, int64_t until_ns, int op_flags)
{
	int64_t at_ns = until_ns == INT64_MAX ? 0 : until_ns + raw_clock_shift.monotonic_ns;
	struct timespec ts = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000};

	return (int)raw_syscall6(SYS_futex, (long)word, RAW_FUTEX_WAIT_BITSET | op_flags, (long)value,
				 (long)(until_ns == INT64_MAX ? NULL : &ts), 0, 0xffffffffL);
}

static inline int raw_futex_wake(_Atomic uint32_t *word, int count, int op_flags)
{
	return (int)raw_syscall3(SYS_futex, word, RAW_FUTEX_WAKE | op_flags, count);
}

#endif
