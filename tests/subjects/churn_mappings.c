/*
 * churn_mappings.c - makes random mappings in a window, and compares the ledger with the kernel's own
 * account.
 *
 * Usage: churn_mappings OPERATIONS SEED [halfway]. Prints each difference, then "checks=N wrong=N".
 *
 * With "halfway" some pages are sealed, so that calls fail when they have done a part, several mappings move
 * at once, and huge pages are asked for over what is there.
 *
 * Pages are touched as soon as they are writable: from then on the kernel
 * keeps them committed when they become read-only, as the ledger does.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stdbool.h>

#include "charged.h"
#include "noise.h"

enum { PAGE = 4096, PAGES = 512, MSEAL = 462, SEAL_EVERY = 400, MISS_EVERY = 40 };
enum { RW = PROT_READ | PROT_WRITE, WHERE = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED };

static char *window;
static uint64_t seed;
static bool halfway;

static unsigned long dice(unsigned long sides)
{
	return noise_next(&seed) % sides;
}

/* Committed bytes of the window: private ones that the kernel marks `ac`, and shared ones. */
static long committed(void)
{
	static char line[512];
	unsigned long from = 0, to = 0;
	char access[8] = "";
	long sum = 0;
	FILE *smaps = fopen("/proc/self/smaps", "re");

	while (smaps && fgets(line, sizeof(line), smaps)) {
		unsigned long a, b;

		if (sscanf(line, "%lx-%lx %7s", &a, &b, access) == 3 && access[0]) {
			from = a;
			to = b;
		} else if (!strncmp(line, "VmFlags:", 8) && from >= (unsigned long)window &&
			   to <= (unsigned long)window + PAGES * PAGE &&
			   (strstr(line, " ac") || strstr(line, " sh"))) {
			sum += (long)(to - from);
		}
	}
	if (smaps)
		fclose(smaps);
	return sum;
}

/* By a system call, which fails where shared memory was grown beyond its end. */
static void touch(char *p, long pages)
{
	if (madvise(p, (size_t)pages * PAGE, MADV_POPULATE_WRITE))
		for (long i = 0; i < pages; i++)
			madvise(p + i * PAGE, PAGE, MADV_POPULATE_WRITE);
}

static void map_some(char *p, long n)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};
	int prot = prots[dice(4)];
	int shared = dice(8) == 0;

	if (mmap(p, (size_t)n * PAGE, prot, shared ? MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED : WHERE, -1, 0) ==
		    p &&
	    prot == RW)
		touch(p, n);
}

static void protect_some(char *p, long n)
{
	static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};
	int prot = prots[dice(4)];

	if (mprotect(p, (size_t)n * PAGE, prot) == 0) {
		if (prot == RW)
			touch(p, n);
	} else if (prot == RW) {
		/* What lies before a hole was made writable. */
		for (long i = 0; i < n && mprotect(p + i * PAGE, PAGE, RW) == 0; i++)
			touch(p + i * PAGE, 1);
	}
}

/* Within the window, or away from it and gone. */
static void move_some(char *p, long n)
{
	char *to = window + dice(PAGES) * PAGE;
	long m = 1 + (long)dice((unsigned long)(window + PAGES * PAGE - to) / PAGE);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;

	if (m > 60)
		m = 60;
	/* Of one piece, mostly: of several some may be sealed. */
	if (!halfway || dice(2))
		map_some(p, n);
	switch (halfway ? 2 + dice(2) : dice(4)) {
	case 0:
		/* In place, where there is room; not across the window's end. */
		m = n + (long)dice((unsigned long)(window + PAGES * PAGE - p) / PAGE - n + 1);
		mremap(p, (size_t)n * PAGE, (size_t)m * PAGE, 0);
		break;
	case 1:
		mremap(p, (size_t)n * PAGE, (size_t)(n + 1) / 2 * PAGE, 0);
		break;
	case 2:
		if (halfway) {
			if (to + n * PAGE <= window + PAGES * PAGE)
				mremap(p, (size_t)n * PAGE, (size_t)n * PAGE, flags, to);
			break;
		}
		/* The old place is empty then, as if it had never been touched. */
		if (to + n * PAGE <= window + PAGES * PAGE &&
		    mremap(p, (size_t)n * PAGE, (size_t)n * PAGE, flags | MREMAP_DONTUNMAP, to) == to &&
		    mprotect(p, (size_t)n * PAGE, RW) == 0)
			touch(p, n);
		break;
	default:
		mremap(p, (size_t)n * PAGE, (size_t)m * PAGE, flags, to);
	}
}

/* Sealed pages stay for good, and most machines have no huge pages: the window is as long as one. */
static void obstruct(char *p, long n)
{
	if (dice(SEAL_EVERY) == 0)
		syscall(MSEAL, p, (size_t)(n < 3 ? n : 3) * PAGE, 0L);
	if (dice(MISS_EVERY) == 0 && mmap(window, PAGES * PAGE, RW, WHERE | MAP_HUGETLB, -1, 0) == window)
		munmap(window, PAGES * PAGE);
}

static long check(long base)
{
	long kernel = committed(), ours = charged() - base;

	if (kernel == ours)
		return 0;
	say("kernel=%ld ledger=%ld\n", kernel, ours);
	return 1;
}

int main(int argc, char **argv)
{
	long operations = number(argv, 1), wrong = 0, checks = 0;
	long base;

	halfway = argc > 3;
	setvbuf(stdout, NULL, _IONBF, 0);
	seed = noise_seed(number(argv, 2));
	window = (char *)0x200000000000;
	committed(); /* the stream's buffer is allocated and freed alike from now on */
	base = charged();
	for (long i = 0; i < operations; i++) {
		char *p = window + dice(PAGES) * PAGE;
		long n = 1 + (long)dice(dice(8) ? 20 : PAGES);

		if (n > (window + PAGES * PAGE - p) / PAGE)
			n = (window + PAGES * PAGE - p) / PAGE;
		if (halfway)
			obstruct(p, n);
		switch (dice(8)) {
		case 0:
		case 1:
		case 2:
			map_some(p, n);
			break;
		case 3:
		case 4:
			munmap(p, (size_t)n * PAGE);
			break;
		case 5:
		case 6:
			protect_some(p, n);
			break;
		default:
			move_some(p, n);
		}
		if (i % (halfway ? 16 : 512) == 0) {
			checks++;
			wrong += check(base);
		}
	}
	for (long i = 0; i < PAGES; i++)
		munmap(window + i * PAGE, PAGE);
	wrong += check(base) || (!halfway && charged() != base);
	say("checks=%ld wrong=%ld\n", checks, wrong);
	return wrong != 0;
}
