/*
 * stamper.c - the elapsed time before each line; see stamper.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stamper.h"

#include <stdio.h>
#include <string.h>

size_t stamper_apply(struct stamper *s, int64_t elapsed_ns, const char *bytes, size_t len, char *out)
{
	const char *end = bytes + len;
	char *to = out;
	char stamp[STAMP_MAX];
	/* All lines of a piece were read at the same time, so the text is made once. */
	size_t stamp_len = (size_t)snprintf(stamp, sizeof(stamp), "[%5lld.%06lld] ",
					    (long long)(elapsed_ns / 1000000000),
					    (long long)(elapsed_ns / 1000 % 1000000));

	while (bytes < end) {
		const char *newline = memchr(bytes, '\n', (size_t)(end - bytes));
		size_t part = newline ? (size_t)(newline + 1 - bytes) : (size_t)(end - bytes);

		if (!s->in_line) {
			memcpy(to, stamp, stamp_len);
			to += stamp_len;
		}
		memcpy(to, bytes, part);
		to += part;
		bytes += part;
		s->in_line = !newline;
	}
	return (size_t)(to - out);
}
