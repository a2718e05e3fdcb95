/*
 * progress.c - reslimit_progress(); see reslimit.h.
 *
 * Owns:    nothing; progress_word.c does.
 * Called:  the program.
 * Context: any thread, async-signal-safe, fork child.
 * Fork:    nothing, because progress_word.c carries the state.
 *
 * SPDX-License-Identifier: MIT
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include "api/reslimit.h"
#include "core/attrs.h"
#include "core/rawsys.h"
#include "preload/progress_word.h"

#undef reslimit_progress

RL_EXPORT int reslimit_progress(void)
{
	_Atomic int64_t *word = atomic_load_explicit(&progress_word, memory_order_relaxed);
	struct timespec now;

	if (!word) {
		errno = ENOENT;
		return -1;
	}
	/* libc's, which asks no system call; and a later store of an earlier time by another thread is of no
	 * account. */
	clock_gettime(CLOCK_MONOTONIC, &now);
	atomic_store_explicit(word,
			      (int64_t)now.tv_sec * 1000000000 + now.tv_nsec - raw_clock_shift.monotonic_ns,
			      memory_order_relaxed);
	return 0;
}
