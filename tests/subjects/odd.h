/*
 * odd.h - makes calls and prints what each came to, so that a guarded and a bare run can be compared.
 *
 * Prints "CALL: RESULT errno=N" for each. Addresses and numbers that differ from run to run are told as "ok".
 * Guarded, a line "leak" follows if the ledger does not say what it said before.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_ODD_H
#define RL_TEST_ODD_H

#include "charged.h"

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

#define FAR	((char *)0x7ffffffff000)     /* the last page that a program may have */
#define KERNEL	((char *)0xffff800000000000) /* an address that no program has */
#define NOWHERE ((char *)0x0100000000000000) /* one that no processor has */

static inline void tell(const char *name, const char *result)
{
	int error = errno;

	say("%s: %s errno=%d\n", name, result, error);
}

/* Each call sees the same errno; what it maps is gone again. */
#define INT(call)                                                                                            \
	do {                                                                                                 \
		char odd_text[32];                                                                           \
		long odd_result;                                                                             \
                                                                                                             \
		errno = 99;                                                                                  \
		odd_result = (long)(call);                                                                   \
		snprintf(odd_text, sizeof(odd_text), "%ld", odd_result);                                     \
		tell(#call, odd_text);                                                                       \
	} while (0)

#define MAPPED(len, call)                                                                                    \
	do {                                                                                                 \
		char *odd_at;                                                                                \
                                                                                                             \
		errno = 99;                                                                                  \
		odd_at = (char *)(call);                                                                     \
		tell(#call, odd_at == MAP_FAILED ? "failed" : "ok");                                         \
		if (odd_at != MAP_FAILED)                                                                    \
			munmap(odd_at, (size_t)(len));                                                       \
	} while (0)

static inline char *map(long pages, int prot, int flags)
{
	return mmap(NULL, (size_t)pages * PAGE, prot, flags, -1, 0);
}

struct topic {
	const char *name;
	void (*run)(void);
};

/* Runs the topic that argv[1] names. Return: the exit status. */
static inline int run_topic(const struct topic *topics, char **argv)
{
	for (; topics->name; topics++) {
		long before;

		if (!argv[1] || strcmp(topics->name, argv[1]) != 0)
			continue;
		free(malloc(1)); /* libc's first page, and the ledger's */
		before = charged();
		topics->run();
		/* Less than a page is what libc keeps. */
		if (charged() - before > PAGE || before - charged() > PAGE)
			say("leak %ld\n", charged() - before);
		return 0;
	}
	return 2;
}

#endif
