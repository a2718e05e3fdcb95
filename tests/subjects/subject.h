/*
 * subject.h - what the subjects share: output without the heap, a gate for threads and processes.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_SUBJECT_H
#define RL_TEST_SUBJECT_H

#include <dirent.h>
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

/* How many of the process's threads, of `all`, have that text in their /proc status. */
static inline long count_threads_with(const char *wanted, long *all)
{
	DIR *tasks = opendir("/proc/self/task");
	struct dirent *entry;
	long count = 0;

	for (*all = 0; tasks && (entry = readdir(tasks));) {
		char path[300], text[4096] = "";
		FILE *f;

		if (entry->d_name[0] == '.')
			continue;
		++*all;
		snprintf(path, sizeof(path), "/proc/self/task/%s/status", entry->d_name);
		f = fopen(path, "re");
		if (f && fread(text, 1, sizeof(text) - 1, f) && strstr(text, wanted))
			count++;
		if (f)
			fclose(f);
	}
	if (tasks)
		closedir(tasks);
	return count;
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

/* Tries to make children that wait at the gate. Return: how many there are. */
static inline long fork_to_gate(struct gate *gate, long tries)
{
	long made = 0;

	for (long i = 0; i < tries; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			gate_wait(gate);
			_exit(0);
		}
		made += pid > 0;
	}
	return made;
}

static inline int reap(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

#endif
