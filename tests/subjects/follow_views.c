/*
 * follow_views.c - shows the pages of a memfd in several places, step by step, and compares the ledger with
 * what it should be.
 *
 * Usage: follow_views. Prints a line per step that was charged otherwise, then "wrong=N".
 *
 * SPDX-License-Identifier: MIT
 */
#include "charged.h"

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

static long last, wrong;

/* The last step should have changed what is charged by so many pages. */
static void step(const char *what, long pages)
{
	long now = charged();

	if (now - last != pages * PAGE) {
		say("%s: %ld pages, not %ld\n", what, (now - last) / PAGE, pages);
		wrong++;
	}
	last = now;
}

/* So many pieces that what is taken out of the map at once has no room for another. */
static void motley_views(int fd)
{
	enum { PIECES = 100, PIECE = 4 };
	char *p = mmap(NULL, PIECES * PIECE * PAGE, PROT_READ, MAP_SHARED, fd, 0), *shows[PIECES];

	for (long i = 0; i < PIECES; i++) {
		mprotect(p + i * PIECE * PAGE, (PIECE - 1) * PAGE, RW);
		shows[i] = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, (i * PIECE + 1) * PAGE);
	}
	step("three of four pages writable", PIECES * (PIECE - 1));
	munmap(p, PIECES * PIECE * PAGE);
	step("only the middle of each three is left", -PIECES * (PIECE - 2));
	for (int i = 0; i < PIECES; i++)
		munmap(shows[i], PAGE);
	step("gone", -PIECES);
}

int main(void)
{
	enum { PLACES = 1000, NOTED = 768 };
	int fd = memfd_create("test", MFD_CLOEXEC);
	char *p, *q, *place[PLACES];

	if (ftruncate(fd, 1000 * PAGE))
		_exit(95);
	last = charged();
	p = mmap(NULL, 5 * PAGE, RW, MAP_SHARED, fd, 0);
	q = mmap(NULL, 5 * PAGE, PROT_READ, MAP_SHARED, fd, 0);
	step("writable, and read-only", 5);
	if (mremap(q, 5 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p) != p)
		wrong++;
	step("the latter in place of the first", 0);
	munmap(p, 5 * PAGE);
	step("gone", -5);
	motley_views(fd);
	for (int i = 0; i < PLACES; i++)
		place[i] = mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	step("a page in more places than are noted", 1 + PLACES - NOTED);
	for (int i = 0; i < PLACES; i++)
		munmap(place[i], PAGE);
	step("gone", NOTED - PLACES - 1);
	say("wrong=%ld\n", wrong);
	return wrong != 0;
}
