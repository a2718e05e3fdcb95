/*
 * workers.h - runs one loop in many threads and processes and says what a turn cost.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_BENCH_WORKERS_H
#define RL_BENCH_WORKERS_H

#include <stdint.h>

struct worker_loop {
	/* Untimed set-up of one worker; may be NULL. */
	void *(*prepare)(uint64_t *seed);
	/* The timed loop. */
	void (*turn)(void *state, long turns, uint64_t *seed);
};

/*
 * The main of a heap bench program: PROGRAM [THREADS [TURNS [PROCESSES]]].
 * All workers start together after their set-up; one thread in one process is
 * the main thread itself, so that libc knows of no other. Prints the mean CPU
 * time and the mean wall time of a turn in nanoseconds. Return: the program's exit status; 2 when a
 * thread or a process could not be made.
 */
int workers_main(int argc, char **argv, const struct worker_loop *loop);

#endif
