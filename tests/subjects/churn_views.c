/*
 * churn_views.c - maps, moves and unmaps random parts of a few shared objects in a window, and compares the
 * ledger with what it should be: each page of an object once, while anything shows it.
 *
 * Usage: churn_views OPERATIONS SEED. Prints each difference, then "wrong=N left=N".
 *
 * SPDX-License-Identifier: MIT
 */
#include <assert.h>
#include <sys/shm.h>

#include "charged.h"
#include "noise.h"
#include "shown.h"

enum { PAGE = 4096, PAGES = 256, MEMFDS = 3, SEGMENT = MEMFDS, OBJECTS, SEGMENT_PAGES = 24, STARTS = 64 };
enum { OBJECT_PAGES = STARTS + 2 * PAGES, RW = PROT_READ | PROT_WRITE };
static_assert((int)OBJECTS == (int)SHOWN_OBJECTS && (int)OBJECT_PAGES == (int)SHOWN_PAGES, "all can be seen");

/* What each page of the window shows. */
static struct shown shown[PAGES];

static char *window;
static uint64_t seed;
static int memfd[MEMFDS], segment;

static unsigned dice(unsigned sides)
{
	return (unsigned)(noise_next(&seed) >> 5) % sides;
}

static long expected(void)
{
	struct seen seen = {0};

	return shown_count(shown, PAGES, &seen) * PAGE;
}

static char *at(int page)
{
	return window + (long)page * PAGE;
}

static void show(int first, int n, int object, int page)
{
	for (int i = 0; i < n; i++)
		shown[first + i] = (struct shown){object, object < 0 ? 0 : page + i};
}

static void map_some(int p, int n)
{
	int object = (int)dice(MEMFDS), page = (int)dice(STARTS);

	if (mmap(at(p), (size_t)n * PAGE, RW, MAP_SHARED | MAP_FIXED, memfd[object], (long)page * PAGE) ==
	    at(p))
		show(p, n, object, page);
}

/* So many pages that can be moved at once: of one piece, and not of a segment. */
static int piece(int p, int most)
{
	int n = 1;

	if (shown[p].object < 0 || shown[p].object == SEGMENT)
		return 0;
	while (n < most && shown[p + n].object == shown[p].object && shown[p + n].page == shown[p].page + n)
		n++;
	return n;
}

/* To another place, all of it or with more or less behind it; or a second one, with the old place kept. */
static void move_some(int p, int n)
{
	struct shown old = shown[p];
	int to = (int)dice(PAGES), m = dice(2) ? n : 1 + (int)dice((unsigned)n + 8), kind = (int)dice(5);
	int flags = MREMAP_MAYMOVE | MREMAP_FIXED;
	bool stays = kind < 2;

	if (m > PAGES - to)
		m = PAGES - to;
	if (to < p + n && p < to + m)
		return;
	if (kind == 0) { /* moves all or nothing */
		flags |= MREMAP_DONTUNMAP;
		m = n < PAGES - to ? n : 0;
	}
	if (!m)
		return;
	if (mremap(at(p), kind == 1 ? 0 : (size_t)n * PAGE, (size_t)m * PAGE, flags, at(to)) == MAP_FAILED) {
		/* The kernel may have emptied the place before it found out. */
		munmap(at(to), (size_t)m * PAGE);
		show(to, m, NOTHING, 0);
		return;
	}
	if (!stays)
		show(p, n, NOTHING, 0);
	show(to, m, old.object, old.page);
}

static void resize_some(int p, int n)
{
	struct shown old = shown[p];
	int m = 1 + (int)dice((unsigned)n + 6);

	if (m > PAGES - p)
		m = PAGES - p;
	if (mremap(at(p), (size_t)n * PAGE, (size_t)m * PAGE, 0) == MAP_FAILED)
		return;
	show(p, n, NOTHING, 0);
	show(p, m, old.object, old.page);
}

static void attach(int p)
{
	if (PAGES - p >= SEGMENT_PAGES && shmat(segment, at(p), SHM_REMAP) == at(p))
		show(p, SEGMENT_PAGES, SEGMENT, 0);
}

static void detach(int p)
{
	if (shmdt(at(p)))
		return;
	for (int i = 0; i < SEGMENT_PAGES && p + i < PAGES; i++)
		if (shown[p + i].object == SEGMENT && shown[p + i].page == i)
			shown[p + i].object = NOTHING;
}

static void change(int p, int n)
{
	switch (dice(10)) {
	case 0:
	case 1:
	case 2:
		map_some(p, n);
		break;
	case 3:
		if (mmap(at(p), (size_t)n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
		    at(p))
			show(p, n, ANONYMOUS, 0);
		break;
	case 4:
	case 5:
		munmap(at(p), (size_t)n * PAGE);
		show(p, n, NOTHING, 0);
		break;
	case 6:
		n = piece(p, n);
		if (n)
			move_some(p, n);
		break;
	case 7:
		n = piece(p, n);
		if (n)
			resize_some(p, n);
		break;
	case 8:
		attach(p);
		break;
	default:
		detach(p);
	}
}

static void begin(void)
{
	/* Over a place where tables of the map meet. */
	window = (char *)0x200000000000 - 100L * PAGE;
	for (int i = 0; i < MEMFDS; i++) {
		memfd[i] = memfd_create("views", MFD_CLOEXEC);
		if (ftruncate(memfd[i], (long)OBJECT_PAGES * PAGE))
			_exit(95);
	}
	segment = shmget(IPC_PRIVATE, (size_t)SEGMENT_PAGES * PAGE, 0600);
	show(0, PAGES, NOTHING, 0);
}

int main(int argc, char **argv)
{
	long operations = number(argv, 1), wrong = 0, base;

	(void)argc;
	seed = noise_seed(number(argv, 2));
	begin();
	base = charged();
	for (long i = 0; i < operations && wrong < 5; i++) {
		int p = (int)dice(PAGES), n = 1 + (int)dice(dice(5) ? 10 : 60);

		change(p, n > PAGES - p ? PAGES - p : n);
		if (charged() - base != expected()) {
			say("operation %ld: %ld bytes, not %ld\n", i, charged() - base, expected());
			wrong++;
		}
	}
	munmap(window, (size_t)PAGES * PAGE);
	shmctl(segment, IPC_RMID, NULL);
	say("wrong=%ld left=%ld\n", wrong, charged() - base);
	return wrong != 0;
}
