/*
 * leave_sleeping_child.c - leaves a child that holds its output open, and returns at once; with an argument
 * the child allocates first.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	(void)argv;
	if (fork() == 0) {
		if (argc > 1)
			free(malloc(100));
		for (;;)
			pause();
	}
	return 0;
}
