/*
 * unmap_when_full.c - has BLOCKS of 16 MiB and no address space left, and unmaps the end of each; then maps
 * these ends again.
 *
 * Prints how many calls failed, and how much more is charged than is mapped: then, and when all is as it was
 * again.
 *
 * SPDX-License-Identifier: MIT
 */
#include <sys/resource.h>

#include "charged.h"

/* A part of it takes a table of its own, of which one has 63. */
enum { BLOCK = 16 << 20, END = 1 << 20, MOST = 1000 };

static char *block[MOST];

static void map_blocks(long count)
{
	for (long i = 0; i < count; i++) {
		char *at =
			mmap(NULL, 3L * BLOCK, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

		if (at == MAP_FAILED)
			_exit(3);
		block[i] = (char *)(((unsigned long)at + 2L * BLOCK - 1) & ~(BLOCK - 1UL));
		if (mprotect(block[i], BLOCK, PROT_READ | PROT_WRITE))
			_exit(4);
	}
}

static void limit_address_space(rlim_t bytes)
{
	struct rlimit limit;

	getrlimit(RLIMIT_AS, &limit);
	limit.rlim_cur = bytes;
	if (setrlimit(RLIMIT_AS, &limit))
		_exit(5);
}

int main(int argc, char **argv)
{
	long count = argc > 1 ? number(argv, 1) : 1, failed = 0, before = charged(), full;

	map_blocks(count);
	full = charged() - before;
	limit_address_space(0);
	for (long i = 0; i < count; i++)
		failed += munmap(block[i] + BLOCK - END, END) != 0;
	say("failed=%ld\nover=%ld\n", failed, charged() - before - (full - count * END));
	limit_address_space(RLIM_INFINITY);
	for (long i = 0; i < count; i++)
		if (mmap(block[i] + BLOCK - END, END, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
			_exit(6);
	say("again=%ld\n", charged() - before - full);
	for (long i = 0; i < count; i++)
		munmap(block[i], BLOCK);
	say("left=%ld\n", charged() - before);
	return 0;
}
