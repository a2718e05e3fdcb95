/*
 * map_in_handler.c - maps and unmaps, while a handler does the same in the middle of it, and sometimes jumps
 * out.
 *
 * Usage: map_in_handler TURNS [jump]. Prints "handled=N left=N": bytes that stay charged at the end.
 *
 * SPDX-License-Identifier: MIT
 */
#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

#include "charged.h"

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, PRIVATE = MAP_PRIVATE | MAP_ANONYMOUS };

static volatile sig_atomic_t handled;
static sigjmp_buf start;
static int jumps;
static char *arena; /* the handler's own place, cleared as a whole at the end */

static void cycle(char *at, int flags, long pages)
{
	char *p = mmap(at, (size_t)pages * PAGE, PROT_NONE, PRIVATE | flags, -1, 0);

	mprotect(p, (size_t)pages * PAGE / 2, RW);
	p = mremap(p, (size_t)pages * PAGE, (size_t)pages * PAGE / 2, 0);
	if (p != MAP_FAILED)
		munmap(p, (size_t)pages * PAGE / 2);
}

static void handle(int signal)
{
	(void)signal;
	handled++;
	cycle(NULL, 0, 600);
	if (jumps && handled % 8 == 0)
		siglongjmp(start, 1);
}

int main(int argc, char **argv)
{
	volatile long turns = number(argv, 1);
	long base;

	jumps = argc > 2;
	arena = (char *)0x200000000000;
	cycle(arena, MAP_FIXED, 100);
	base = charged();
	signal(SIGALRM, handle);
	sigsetjmp(start, 1);
	while (turns-- > 0) {
		/* One signal a turn at most: on a busy machine a handler takes longer than any interval. */
		setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 1 + turns % 40}}, NULL);
		cycle(arena, MAP_FIXED, 100);
	}
	signal(SIGALRM, SIG_IGN);
	munmap(arena, 100 * PAGE);
	say("handled=%ld left=%ld\n", (long)handled, charged() - base);
	return 0;
}
