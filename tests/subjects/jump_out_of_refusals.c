/*
 * jump_out_of_refusals.c - a timer's handler jumps out of refused allocations; the budget must stay what it
 * was.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <setjmp.h>
#include <signal.h>
#include <sys/time.h>

static sigjmp_buf back;

static void jump(int sig)
{
	siglongjmp(back, sig);
}

int main(void)
{
	struct itimerval each = {{0, 500}, {0, 500}}, none = {{0, 0}, {0, 0}};
	struct chain chain = {0};
	volatile int jumps = 0;

	chain_fill(&chain, 1000);
	say("before=%ld\n", chain.bytes);
	chain_drop(&chain);
	signal(SIGALRM, jump);
	sigsetjmp(back, 1);
	if (jumps++ == 0)
		setitimer(ITIMER_REAL, &each, NULL);
	while (jumps < 300)
		if (malloc(64 << 20))
			return 1;
	setitimer(ITIMER_REAL, &none, NULL);
	chain_fill(&chain, 1000);
	say("after=%ld\n", chain.bytes);
	return 0;
}
