/*
 * fmt.c - bounded text without stdio; see fmt.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "fmt.h"

static const char HEX_DIGITS[] = "0123456789abcdef";

void fmt_char(struct fmt *f, char c)
{
	if (f->len + 1 >= f->size) {
		f->truncated = true;
		/* Where not even one character fits, the NUL is still owed. */
		if (f->len < f->size)
			f->buf[f->len] = '\0';
		return;
	}
	f->buf[f->len++] = c;
	f->buf[f->len] = '\0';
}

void fmt_str(struct fmt *f, const char *s)
{
	while (*s)
		fmt_char(f, *s++);
}

void fmt_strn(struct fmt *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n && s[i]; i++)
		fmt_char(f, s[i]);
}

void fmt_int(struct fmt *f, int64_t value)
{
	char digits[20];
	size_t n = 0;
	uint64_t u = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

	if (value < 0)
		fmt_char(f, '-');
	do {
		digits[n++] = (char)('0' + u % 10);
		u /= 10;
	} while (u);
	while (n)
		fmt_char(f, digits[--n]);
}

void fmt_hex(struct fmt *f, uint64_t value)
{
	int shift = 60;

	fmt_str(f, "0x");
	while (shift > 0 && !(value >> shift))
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		fmt_char(f, HEX_DIGITS[(value >> shift) & 15]);
}

void fmt_bytes_hex(struct fmt *f, const unsigned char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		fmt_char(f, HEX_DIGITS[bytes[i] >> 4]);
		fmt_char(f, HEX_DIGITS[bytes[i] & 15]);
	}
}

/* Length of the valid UTF-8 sequence of more than one byte at s, or 0. */
static size_t utf8_sequence(const unsigned char *s, size_t n)
{
	size_t len;
	uint32_t code;
	static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};

	if (s[0] >= 0xc2 && s[0] <= 0xdf)
		len = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		len = 3;
	else if (s[0] >= 0xf0 && s[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (len > n)
		return 0;
	code = s[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3f);
	}
	if (code < smallest[len] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	return len;
}

static void json_ascii(struct fmt *f, unsigned char c)
{
	if (c == '"' || c == '\\') {
		fmt_char(f, '\\');
		fmt_char(f, (char)c);
	} else if (c == '\n') {
		fmt_str(f, "\\n");
	} else if (c == '\t') {
		fmt_str(f, "\\t");
	} else if (c < 0x20 || c == 0x7f) {
		fmt_str(f, "\\u00");
		fmt_char(f, HEX_DIGITS[c >> 4]);
		fmt_char(f, HEX_DIGITS[c & 15]);
	} else {
		fmt_char(f, (char)c);
	}
}

void fmt_json_str(struct fmt *f, const char *s, size_t limit)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t n = 0;

	while (n < limit && u[n])
		n++;
	fmt_char(f, '"');
	for (size_t i = 0; i < n;) {
		size_t len = u[i] < 0x80 ? 1 : utf8_sequence(u + i, n - i);

		if (u[i] < 0x80)
			json_ascii(f, u[i]);
		else if (len)
			fmt_strn(f, s + i, len);
		else
			fmt_str(f, "\xef\xbf\xbd");
		i += len ? len : 1;
	}
	fmt_char(f, '"');
}

void fmt_printable(struct fmt *f, const char *s, size_t limit)
{
	for (size_t i = 0; i < limit && s[i]; i++) {
		unsigned char c = (unsigned char)s[i];

		fmt_char(f, c < 0x20 || c == 0x7f ? '?' : s[i]);
	}
}
