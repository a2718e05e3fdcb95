/*
 * memory.c - the string functions that the shim uses, its own.
 *
 * Owns:    nothing.
 * Called:  every module, by libc's names; hidden, so that nobody else's calls
 *          come here, and ours go to nobody else's.
 * Context: any thread, async-signal-safe, vfork child, the timer thread.
 * Fork:    nothing, because there is no state.
 *
 * Each name that libc would have to give is looked up when the loader binds
 * us, in every object before libc, and its page of libc is touched: together a
 * thirtieth of a start. The loops are short, because so is what they work on;
 * only realloc near the limit copies much.
 *
 * SPDX-License-Identifier: MIT
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/rawsys.h"

enum { LONG = 64 /* bytes from which the processor's own way is worth its start */ };

/* Keeps the compiler from making a loop into a call of the function that it is in. */
#define NO_IDIOM(pointer) __asm__("" : "+r"(pointer))

/* Unaligned, and an alias of whatever is there. */
typedef uint64_t word __attribute__((may_alias, aligned(1)));

static void *copy_upwards(void *to, const void *from, size_t n)
{
	char *t = to;
	const char *f = from;

	if (n > LONG && raw_copy(to, from, n))
		return to;
	for (; n >= sizeof(word); n -= sizeof(word), t += sizeof(word), f += sizeof(word)) {
		*(word *)(void *)t = *(const word *)(const void *)f;
		NO_IDIOM(t);
	}
	for (; n; n--) {
		*t++ = *f++;
		NO_IDIOM(t);
	}
	return to;
}

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
	return copy_upwards(to, from, n);
}

void *memmove(void *to, const void *from, size_t n)
{
	char *t = (char *)to + n;
	const char *f = (const char *)from + n;

	if ((uintptr_t)to - (uintptr_t)from >= n)
		return copy_upwards(to, from, n);
	for (; n; n--) {
		*--t = *--f;
		NO_IDIOM(t);
	}
	return to;
}

void *memset(void *to, int byte, size_t n)
{
	char *t = to;

	if (n > LONG && raw_fill(to, byte, n))
		return to;
	for (; n >= sizeof(word); n -= sizeof(word), t += sizeof(word)) {
		*(word *)(void *)t = (unsigned char)byte * UINT64_C(0x0101010101010101);
		NO_IDIOM(t);
	}
	for (; n; n--) {
		*t++ = (char)byte;
		NO_IDIOM(t);
	}
	return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
	const unsigned char *x = a, *y = b;

	for (; n; n--, x++, y++)
		if (*x != *y)
			return *x - *y;
	return 0;
}

void *memchr(const void *bytes, int byte, size_t n)
{
	const unsigned char *b = bytes;

	for (; n; n--, b++)
		if (*b == (unsigned char)byte)
			return (void *)b;
	return NULL;
}

size_t strlen(const char *s)
{
	const char *end = s;

	for (; *end; end++)
		NO_IDIOM(end);
	return (size_t)(end - s);
}

int strncmp(const char *a, const char *b, size_t n)
{
	for (; n; n--, a++, b++)
		if (*a != *b || !*a)
			return (unsigned char)*a - (unsigned char)*b;
	return 0;
}

int strcmp(const char *a, const char *b)
{
	return strncmp(a, b, SIZE_MAX);
}

char *strchr(const char *s, int c)
{
	for (; *s != (char)c; s++)
		if (!*s)
			return NULL;
	return (char *)s;
}

char *strrchr(const char *s, int c)
{
	const char *last = NULL;

	for (;; s++) {
		if (*s == (char)c)
			last = s;
		if (!*s)
			return (char *)last;
	}
}

char *strstr(const char *s, const char *part)
{
	size_t len = strlen(part);

	for (;; s++) {
		if (!strncmp(s, part, len))
			return (char *)s;
		if (!*s)
			return NULL;
	}
}

size_t strspn(const char *s, const char *accepted)
{
	size_t n = 0;

	while (s[n] && strchr(accepted, s[n]))
		n++;
	return n;
}

/* As in the standard: what is left over becomes zero. */
char *strncpy(char *restrict to, const char *restrict from, size_t n)
{
	size_t len = 0;

	while (len < n && from[len])
		len++;
	memcpy(to, from, len);
	memset(to + len, 0, n - len);
	return to;
}
