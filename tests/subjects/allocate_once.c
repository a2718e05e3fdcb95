/*
 * allocate_once.c - allocates SIZE bytes, keeps them and exits 0, or 1 when refused; STATUS overrides both.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	void *volatile p = malloc((size_t)number(argv, 1));

	say(p ? "granted\n" : "refused errno=%d\n", errno);
	return argc > 2 ? (int)number(argv, 2) : !p;
}
