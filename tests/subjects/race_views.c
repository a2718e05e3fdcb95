/*
 * race_views.c - threads that map, move and unmap parts of the same objects, each in a window of its own;
 * when all rest, compares the ledger with what it should be: each page of an object once, while anything
 * shows it.
 *
 * Usage: race_views OPERATIONS SEED MOVES (0 or 1). Prints each difference, then "wrong=N left=N".
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

#include "charged.h"
#include "noise.h"
#include "shown.h"

enum { PAGE = 4096, PAGES = 64, OBJECTS = 2, OBJECT_PAGES = 96, THREADS = 6, ROUNDS = 20 };
enum { RW = PROT_READ | PROT_WRITE, SHARED = MAP_SHARED | MAP_FIXED };

static struct window {
	char *begin;
	uint64_t seed;
	struct shown shown[PAGES];
} windows[THREADS];

static int memfd[OBJECTS];
static long operations, moves, base, wrong, left; /* left: charged when all rested last */
static pthread_barrier_t gate;

static unsigned dice(struct window *w, unsigned sides)
{
	return (unsigned)(noise_next(&w->seed) >> 5) % sides;
}

static long expected(void)
{
	struct seen seen = {0};
	long pages = 0;

	for (int i = 0; i < THREADS; i++)
		pages += shown_count(windows[i].shown, PAGES, &seen);
	return pages * PAGE;
}

static void show(struct window *w, int first, int n, int object, int page)
{
	for (int i = 0; i < n; i++)
		w->shown[first + i] = (struct shown){object, page + i};
}

static void unmap(struct window *w, int p, int n)
{
	munmap(w->begin + (long)p * PAGE, (size_t)n * PAGE);
	show(w, p, n, NOTHING, 0);
}

/* What was there may be gone when that was refused. */
static void map_some(struct window *w, int p, int n, int object)
{
	char *at = w->begin + (long)p * PAGE;
	int page = (int)dice(w, 32);
	char *got = object == ANONYMOUS
			    ? mmap(at, (size_t)n * PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
			    : mmap(at, (size_t)n * PAGE, RW, SHARED, memfd[object], (long)page * PAGE);

	if (got == at)
		show(w, p, n, object, object == ANONYMOUS ? 0 : page);
	else
		unmap(w, p, n);
}

static void move_some(struct window *w, int p, int most)
{
	int to = (int)dice(w, PAGES), n = 1;
	struct shown old = w->shown[p];

	if (old.object < 0)
		return;
	while (n < most && w->shown[p + n].object == old.object && w->shown[p + n].page == old.page + n)
		n++;
	if (to + n > PAGES || (to < p + n && p < to + n))
		return;
	if (mremap(w->begin + (long)p * PAGE, (size_t)n * PAGE, (size_t)n * PAGE,
		   MREMAP_MAYMOVE | MREMAP_FIXED, w->begin + (long)to * PAGE) == MAP_FAILED) {
		unmap(w, to, n);
		return;
	}
	show(w, p, n, NOTHING, 0);
	show(w, to, n, old.object, old.page);
}

static void change(struct window *w)
{
	int p = (int)dice(w, PAGES), n = 1 + (int)dice(w, 10);
	unsigned kind = dice(w, 8);

	n = n > PAGES - p ? PAGES - p : n;
	if (kind < 4)
		map_some(w, p, n, (int)dice(w, OBJECTS));
	else if (kind < 5)
		map_some(w, p, n, ANONYMOUS);
	else if (kind < 7)
		unmap(w, p, n);
	else if (moves)
		move_some(w, p, n);
}

static void compare(const struct window *w)
{
	pthread_barrier_wait(&gate);
	if (w == windows) {
		left = charged() - base;
		if (left != expected()) {
			say("%ld bytes, not %ld\n", left, expected());
			wrong++;
		}
	}
	pthread_barrier_wait(&gate);
}

static void *run(void *window)
{
	struct window *w = window;

	pthread_barrier_wait(&gate);
	if (w == windows)
		base = charged();
	pthread_barrier_wait(&gate);
	for (int round = 0; round < ROUNDS; round++) {
		for (long i = 0; i < operations; i++)
			change(w);
		compare(w);
	}
	unmap(w, 0, PAGES);
	compare(w);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	(void)argc;
	operations = number(argv, 1);
	moves = number(argv, 3);
	pthread_barrier_init(&gate, NULL, THREADS);
	for (int i = 0; i < OBJECTS; i++) {
		memfd[i] = memfd_create("views", MFD_CLOEXEC);
		if (ftruncate(memfd[i], (long)OBJECT_PAGES * PAGE))
			_exit(95);
	}
	for (int i = 0; i < THREADS; i++) {
		windows[i].begin = (char *)0x200000000000 + (long)i * PAGES * PAGE;
		windows[i].seed = noise_seed(number(argv, 2) * THREADS + i);
		show(&windows[i], 0, PAGES, NOTHING, 0);
		if (i && pthread_create(&thread, NULL, run, &windows[i]))
			_exit(94);
	}
	run(&windows[0]);
	/* Not counted anew: threads that end give back what they had for themselves. */
	say("wrong=%ld left=%ld\n", wrong, left);
	return wrong != 0;
}
