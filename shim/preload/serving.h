/*
 * serving.h - marks the time in which another allocator than libc's serves a request.
 *
 * Owns:    thread_self.serving.
 * Called:  lifecycle, at start; from then on it stands between the heap's
 *          hooks and the next allocator.
 * Context: as malloc; async-signal-safe if the allocator is.
 * Fork:    nothing, because the mark is the thread's own.
 *
 * What jemalloc, tcmalloc or mimalloc map while they serve is the memory of
 * blocks that are charged one by one, so their calls of mmap() pass uncounted
 * in that time. libc's own malloc maps by names that cannot be hooked: it is
 * called as before, and its path pays nothing. A handler that interrupts such
 * an allocator and maps memory is not counted either.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_PRELOAD_SERVING_H
#define RL_PRELOAD_SERVING_H

/* Puts the marks around the functions of the next allocator. One thread, once. */
void serving_begin(void);

#endif
