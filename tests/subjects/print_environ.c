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
		say("%s\n", *e);
	return 0;
}
