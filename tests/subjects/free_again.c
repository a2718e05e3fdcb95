/*
 * free_again.c - frees 26 blocks of SIZE bytes in an order that may be a mistake.
 *
 * usage: free_again SIZE ORDER
 *
 * ORDER names blocks by letters; "a" is the one that was allocated last. Before
 * a letter, "+" frees what lies 8 bytes behind the block's beginning, and "~"
 * makes realloc() move it; "-" by itself asks for a block of another size. What
 * libc has to say of a mistake goes to stderr; "done" is printed if it says
 * nothing.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

enum { LETTERS = 26 };

static void free_by(char way, char *block)
{
	switch (way) {
	case '+':
		free(block + 8);
		break;
	case '~':
		if (!realloc(block, 20000))
			abort();
		break;
	default:
		free(block);
	}
}

int main(int argc, char **argv)
{
	size_t size = argc > 2 ? (size_t)number(argv, 1) : 24;
	char *blocks[LETTERS], way = 0;

	/* By its first blocks the guard finds out about sizes. */
	for (int i = 0; i < 100; i++)
		free(malloc(2000));
	for (int i = LETTERS; i--;)
		blocks[i] = malloc(size);
	/* Behind "a", so that it cannot grow where it is. */
	if (!calloc(1, size))
		abort();
	for (const char *order = argc > 2 ? argv[2] : ""; *order; order++) {
		if (*order == '-') {
			if (!malloc(size + 32))
				abort();
		} else if (*order >= 'a' && *order <= 'z') {
			free_by(way, blocks[*order - 'a']);
			way = 0;
		} else {
			way = *order;
		}
	}
	say("done\n");
	return 0;
}
