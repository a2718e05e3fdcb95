/*
 * hold_resident.c - makes memory resident for a while, again and again:
 *   hold_resident TIMES BYTES HOLD_MS PAUSE_MS [PROCESSES [shared]]
 * With PROCESSES each of so many children does it; with "shared" the memory is
 * touched once, before they are made.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <sys/mman.h>
#include <time.h>

static long bytes;
static char *memory;

static void wait_ms(long ms)
{
	struct timespec ts = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

	while (nanosleep(&ts, &ts))
		;
}

static void touch(void)
{
	for (long i = 0; i < bytes; i += 4096)
		memory[i] = 1;
}

static void hold(char **argv, int is_shared)
{
	for (long i = 0; i < number(argv, 1); i++) {
		if (!is_shared)
			touch();
		wait_ms(number(argv, 3));
		if (!is_shared)
			madvise(memory, (size_t)bytes, MADV_DONTNEED);
		wait_ms(number(argv, 4));
	}
}

int main(int argc, char **argv)
{
	long children = argc > 5 ? number(argv, 5) : 0;
	int is_shared = argc > 6;

	bytes = number(argv, 2);
	memory = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 3;
	/* Else one page table entry would serve half a megabyte. */
	madvise(memory, (size_t)bytes, MADV_NOHUGEPAGE);
	if (is_shared)
		touch();
	if (!children)
		hold(argv, 0);
	for (long i = 0; i < children; i++)
		if (fork() == 0) {
			hold(argv, is_shared);
			_exit(0);
		}
	for (long i = 0; i < children; i++)
		wait(NULL);
	say("done\n");
	return 0;
}
