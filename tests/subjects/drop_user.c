/*
 * drop_user.c - becomes another user, says whether all its threads did, and pauses or spins for ever.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	volatile long turns = 0;
	long all, dropped;

	if (setresgid(65534, 65534, 65534) || setresuid(65534, 65534, 65534))
		return 77;
	dropped = count_threads_with("\nUid:\t65534\t65534\t65534\t65534", &all);
	say("all=%d threads=%ld\n", dropped == all, dropped);
	while (argc > 1 && !strcmp(argv[1], "spin"))
		turns++;
	for (;;)
		pause();
}
