/*
 * print_environ.c - prints its environment, one variable a line.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

extern char **environ;

int main(void)
{
	for (char **e = environ; *e; e++)
		if (write(1, *e, strlen(*e)) < 0 || write(1, "\n", 1) < 0)
			return 1;
	return 0;
}
