/*
 * refuse_in_child.c - a child that ignores TERM sleeps on, while its parent asks for memory until it is
 * ended.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>

int main(void)
{
	signal(SIGTERM, SIG_IGN);
	if (fork() == 0)
		for (;;)
			pause();
	signal(SIGTERM, SIG_DFL);
	for (;;)
		if (!malloc(1 << 20))
			usleep(1000);
}
