/*
 * bring_own_malloc.c - has a malloc family of its own, without reallocarray, and grows a block by that.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

/* A size of its own shape before each block, which libc's functions would take for theirs. */
static char pool[1 << 22];
static size_t used = 64;

static int is_own(const void *block)
{
	return (const char *)block >= pool && (const char *)block < pool + sizeof(pool);
}

void *malloc(size_t n)
{
	size_t room = (n + 31) & ~(size_t)15;
	size_t *head = (size_t *)(void *)(pool + used);

	if (room > sizeof(pool) - used - 16)
		return NULL;
	head[1] = n;
	used += room + 16;
	return head + 2;
}

void free(void *block)
{
	if (block && !is_own(block))
		_exit(97);
}

void *calloc(size_t count, size_t size)
{
	void *block = malloc(count * size);

	return block ? memset(block, 0, count * size) : NULL;
}

void *realloc(void *block, size_t n)
{
	void *copy = malloc(n);

	if (block && !is_own(block))
		_exit(96);
	if (block && copy)
		memcpy(copy, block, ((size_t *)block)[-1] < n ? ((size_t *)block)[-1] : n);
	return copy;
}

int main(void)
{
	volatile size_t most = (size_t)-1;
	char *text = strcpy(malloc(100), "kept");

	text = reallocarray(text, 100, 100);
	if (!text)
		return 1;
	say("%s own=%d\n", text, is_own(text));
	text = reallocarray(text, 1, 5);
	say("%s own=%d\n", text, is_own(text));
	text = reallocarray(text, most, 2);
	say("overflow=%d\n", text != NULL);
	return 0;
}
