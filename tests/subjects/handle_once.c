/*
 * handle_once.c - a handler for signal NUMBER that the kernel resets; it raises the signal again to end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

static void handle(int sig)
{
	say("handled once\n");
	raise(sig);
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle, .sa_flags = (int)SA_RESETHAND};

	sigaction((int)number(argv, argc - 1), &action, NULL);
	raise((int)number(argv, argc - 1));
	return 1;
}
