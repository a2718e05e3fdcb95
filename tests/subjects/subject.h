/*
 * subject.h - what the subjects share: output without the heap, a gate for threads and processes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_SUBJECT_H
#define RL_TEST_SUBJECT_H

#include <errno.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* printf without a heap buffer, in one write. */
static inline void __attribute__((format(printf, 1, 2))) say(const char *format, ...)
{
	char text[512];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (len < 0 || len >= (int)sizeof(text) || write(1, text, (size_t)len) != len)
		_exit(99);
}

static inline long number(char **argv, int at)
{
	return strtol(argv[at], NULL, 0);
}

/* Blocks in a chain, so that keeping them takes no further memory. */
struct chain {
	void *last;
	long bytes, blocks;
};

static inline int chain_add(struct chain *chain, size_t size)
{
	void *block = malloc(size);

	if (!block)
		return 0;
	*(void **)block = chain->last;
	chain->last = block;
	chain->bytes += (long)malloc_usable_size(block);
	chain->blocks++;
	return 1;
}

static inline void chain_fill(struct chain *chain, size_t size)
{
	while (chain_add(chain, size))
		;
}

static inline void chain_drop(struct chain *chain)
{
	while (chain->last) {
		void *next = *(void **)chain->last;

		free(chain->last);
		chain->last = next;
	}
	chain->bytes = chain->blocks = 0;
}

/* A pipe whose readers wait until the last writer has gone. */
struct gate {
	int end[2];
};

static inline struct gate gate_make(void)
{
	struct gate gate;

	if (pipe(gate.end))
		_exit(98);
	return gate;
}

static inline void gate_wait(struct gate *gate)
{
	char c;

	close(gate->end[1]);
	while (read(gate->end[0], &c, 1) < 0 && errno == EINTR)
		;
}

static inline void gate_open(struct gate *gate)
{
	close(gate->end[1]);
}

static inline int reap(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

#endif
