/*
 * fmt.h - bounded text without stdio: lines for people and JSON for programs.
 *
 * Owns:    nothing; the buffer is the caller's.
 * Called:  config, record, logline, interposers, tools.
 * Context: any thread, async-signal-safe, never allocates, leaves errno alone.
 * Fork:    nothing, because there is no state.
 *
 * What does not fit is cut and noted in `truncated`; from the first append on
 * the text ends in NUL.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_CORE_FMT_H
#define RL_CORE_FMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct fmt {
	char *buf;
	size_t size;
	size_t len;
	bool truncated;
};

#define FMT_INIT(array)                                                                                      \
	{                                                                                                    \
		.buf = (array), .size = sizeof(array)                                                        \
	}

/* Append a character, a string, the first n characters of a string, a number. */
void fmt_char(struct fmt *f, char c);
void fmt_str(struct fmt *f, const char *s);
void fmt_strn(struct fmt *f, const char *s, size_t n);
void fmt_int(struct fmt *f, int64_t value);
void fmt_hex(struct fmt *f, uint64_t value);

/* Bytes as lower-case hexadecimal digits. */
void fmt_bytes_hex(struct fmt *f, const unsigned char *bytes, size_t n);

/*
 * A JSON string with its quotes: control characters are escaped, bytes that
 * are not valid UTF-8 become U+FFFD, at most `limit` bytes of `s` are read.
 */
void fmt_json_str(struct fmt *f, const char *s, size_t limit);

/* Text for one line: bytes below space and DEL become '?'. */
void fmt_printable(struct fmt *f, const char *s, size_t limit);

#endif
