/*
 * handle_signal.c - handles signal NUMBER with a handler of its own, on an alternate stack, and exits 33 from
 * it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

static char stack[1 << 16];

static void handle(int sig)
{
	char here;

	say("handled %d on_stack=%d\n", sig, &here >= stack && &here < stack + sizeof(stack));
	_exit(33);
}

static long overflow(long n)
{
	volatile char room[4096];

	room[0] = (char)n;
	return overflow(n + 1) + room[0];
}

int main(int argc, char **argv)
{
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};
	struct sigaction action = {.sa_handler = handle, .sa_flags = SA_ONSTACK};
	int sig = (int)number(argv, 1);

	sigaltstack(&ss, NULL);
	sigaction(sig, &action, NULL);
	if (argc > 2)
		return (int)overflow(0);
	raise(sig);
	return 1;
}
