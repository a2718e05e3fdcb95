/*
 * map_across_forks.c - forks while threads map and unmap, and sees that the children can map and give back.
 *
 * Usage: map_across_forks THREADS FORKS. Prints "bad=N left=PAGES" when the threads have ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include <pthread.h>

#include "charged.h"

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static _Atomic int stop;

static void cycle(void)
{
	char *p = mmap(NULL, 64 * PAGE, PROT_NONE, PRIVATE, -1, 0);

	mprotect(p, 32 * PAGE, RW);
	mprotect(p, 64 * PAGE, RW);
	munmap(p + 10 * PAGE, PAGE);
	munmap(p, 64 * PAGE);
}

static void *work(void *unused)
{
	while (!atomic_load(&stop))
		cycle();
	return unused;
}

/* The child maps what it may, and none of it is left charged; what it inherits gives it nothing. */
static int child(char *inherited)
{
	char *p;
	long base = charged();

	for (int i = 0; i < 10; i++)
		cycle();
	if (charged() != base)
		return 1;
	munmap(inherited, 100 * PAGE);
	if (charged() > base)
		return 2;
	p = mmap(NULL, 200 * PAGE, RW, PRIVATE, -1, 0);
	if (charged() - base > 200 * PAGE || charged() - base < 100 * PAGE)
		return 3;
	munmap(p, 200 * PAGE);
	return 0;
}

int main(int argc, char **argv)
{
	long threads = number(argv, 1), forks = number(argv, 2), bad = 0;
	char *inherited = mmap(NULL, 100 * PAGE, RW, PRIVATE, -1, 0);
	pthread_t thread[16];
	long base = charged();

	(void)argc;
	for (long i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, work, NULL);
	for (long i = 0; i < forks; i++) {
		pid_t pid = i % 4 == 3 ? vfork() : fork();

		if (pid == 0) {
			/* A vfork child maps in its parent's place. */
			if (i % 4 == 3) {
				cycle();
				_exit(0);
			}
			_exit(child(inherited));
		}
		cycle();
		bad += reap(pid) != 0;
	}
	atomic_store(&stop, 1);
	for (long i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	munmap(inherited, 100 * PAGE);
	/* Less than a page is what libc keeps of threads. */
	say("bad=%ld left=%ld\n", bad, (charged() - base + 100 * PAGE) / PAGE);
	return bad != 0;
}
