/*
 * handle_the_end.c - catches the first signal of a limit, says so and exits with 42.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

static void leave(int sig)
{
	say("caught %d\n", sig);
	_exit(42);
}

int main(int argc, char **argv)
{
	signal((int)number(argv, 1), leave);
	while (argc > 2)
		;
	for (;;)
		pause();
}
