/*
 * stop_itself.c - stops itself after AFTER ms by HOW (raise, kill, group, killpg); a child continues it FOR
 * ms later. It says for how many ns it was stopped, and waits for its end, spinning if another argument is
 * there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <signal.h>
#include <sys/prctl.h>
#include <time.h>

static void stop_by(const char *how)
{
	if (!strcmp(how, "raise"))
		raise(SIGSTOP);
	else if (!strcmp(how, "kill"))
		kill(getpid(), SIGSTOP);
	else if (!strcmp(how, "group"))
		kill(0, SIGSTOP);
	else
		killpg(getpgrp(), SIGSTOP);
}

int main(int argc, char **argv)
{
	pid_t self = getpid();
	struct timespec before, after;

	if (argc < 4)
		return 96;
	if (fork() == 0) {
		setpgid(0, 0); /* out of a stop of the group */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		usleep((useconds_t)((number(argv, 2) + number(argv, 3)) * 1000));
		kill(self, SIGCONT);
		return 0;
	}
	usleep((useconds_t)(number(argv, 2) * 1000));
	clock_gettime(CLOCK_MONOTONIC, &before);
	stop_by(argv[1]);
	clock_gettime(CLOCK_MONOTONIC, &after);
	say("stopped=%ld\n", (after.tv_sec - before.tv_sec) * 1000000000L + after.tv_nsec - before.tv_nsec);
	while (argc > 4)
		;
	for (;;)
		pause();
}
