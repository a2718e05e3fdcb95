/*
 * wait_unguarded.c - linked statically, so that no preload reaches it: waits to be killed, or ends at once:
 * end.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

int main(int argc, char **argv)
{
	return argc > 1 && !strcmp(argv[1], "end") ? 0 : pause();
}
