/*
 * spin_in_children.c - N children spin; the parent waits for them, or leaves at once if a second argument is
 * there.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	long n = number(argv, 1);

	for (long i = 0; i < n; i++)
		if (fork() == 0)
			for (;;)
				;
	if (argc > 2)
		return 0;
	while (wait(NULL) > 0)
		;
	return 0;
}
