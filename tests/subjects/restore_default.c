/*
 * restore_default.c - puts back the old disposition of signal NUMBER, as libraries do, and raises it.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

static void handle(int sig)
{
	(void)sig;
}

int main(int argc, char **argv)
{
	struct sigaction action = {.sa_handler = handle}, old;
	int sig = (int)number(argv, argc - 1);

	sigaction(sig, &action, &old);
	raise(sig);
	sigaction(sig, &old, NULL);
	raise(sig);
	return 1;
}
