/*
 * leave_sleeping_child.c - leaves a child that holds its output open, and returns at once.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(void)
{
	if (fork() == 0)
		for (;;)
			pause();
	return 0;
}
