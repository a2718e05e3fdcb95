/*
 * run_for_ever.c - runs until it is ended: HOW is sleep or spin; IGNORE names signals it ignores.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		signal((int)number(argv, i), SIG_IGN);
	say("started\n");
	while (argc > 1 && !strcmp(argv[1], "spin"))
		;
	for (;;)
		pause();
}
