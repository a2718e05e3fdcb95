/*
 * refuse_to_end.c - ignores and blocks TERM, INT and XCPU, in N children as well, and sets that up again and
 * again: refuse_to_end sleep|spin N.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>
#include <time.h>

static void refuse(void)
{
	static const int unwanted[] = {SIGTERM, SIGINT, SIGXCPU};
	sigset_t set;

	sigemptyset(&set);
	for (int i = 0; i < 3; i++) {
		signal(unwanted[i], SIG_IGN);
		sigaddset(&set, unwanted[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int main(int argc, char **argv)
{
	struct timespec a_while = {.tv_nsec = 5000000};
	long children = argc > 2 ? number(argv, 2) : 0;

	refuse();
	for (long i = 0; i < children; i++)
		if (fork() == 0)
			break;
	for (;;) {
		refuse();
		if (!strcmp(argv[1], "sleep"))
			nanosleep(&a_while, NULL);
	}
}
