/*
 * procstatus.c - numbers from /proc/PID/status; see procstatus.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "procstatus.h"

#include <stdbool.h>
#include <string.h>

#include "rawsys.h"
#include "units.h"

enum {
	LINE_MAX_KEPT = 96 /* longer lines hold no single number, and no mask of signals */,
	KIB = 1024,
	DOTS = 2
};

/* A number in decimal: what begins with 0 is octal (Umask) or hexadecimal (SigBlk). */
static bool read_number(const char *text, size_t len, int64_t *value)
{
	const char *unit = memchr(text, ' ', len);
	size_t digits = unit ? (size_t)(unit - text) : len;
	bool is_kb = unit && len - digits == 3 && !memcmp(unit, " kB", 3);

	if ((unit && !is_kb) || (digits > 1 && text[0] == '0') || units_count(text, digits, value))
		return false;
	return !is_kb || !__builtin_mul_overflow(*value, KIB, value);
}

/* "VmSwap:\t      12 kB" */
static void read_line(const char *line, size_t len, procstatus_text *field, void *context)
{
	const char *colon = memchr(line, ':', len);
	size_t at;

	if (!colon)
		return;
	for (at = (size_t)(colon - line) + 1; at < len && (line[at] == '\t' || line[at] == ' '); at++)
		;
	field(context, line, (size_t)(colon - line), line + at, len - at);
}

void procstatus_read_text(int fd, procstatus_text *field, void *context)
{
	char buffer[512], line[LINE_MAX_KEPT + 1];
	size_t line_len = 0;
	long len;

	while ((len = raw_read(fd, buffer, sizeof(buffer))) > 0) {
		for (long i = 0; i < len; i++) {
			if (buffer[i] != '\n') {
				if (line_len < LINE_MAX_KEPT)
					line[line_len] = buffer[i];
				line_len++;
				continue;
			}
			line[line_len < LINE_MAX_KEPT ? line_len : LINE_MAX_KEPT] = '\0';
			if (line_len && line_len <= LINE_MAX_KEPT)
				read_line(line, line_len, field, context);
			line_len = 0;
		}
	}
}

struct numbers {
	procstatus_field *field;
	void *context;
};

static void read_field(void *context, const char *name, size_t len, const char *text, size_t text_len)
{
	const struct numbers *numbers = context;
	int64_t value;

	if (text_len && read_number(text, text_len, &value))
		numbers->field(numbers->context, name, len, value);
}

void procstatus_read(int fd, procstatus_field *field, void *context)
{
	struct numbers numbers = {field, context};

	procstatus_read_text(fd, read_field, &numbers);
}

static int64_t count_entries(int fd)
{
	char buffer[1024] __attribute__((aligned(8)));
	int64_t count = -DOTS;
	long len;

	while ((len = raw_getdents(fd, buffer, sizeof(buffer))) > 0)
		for (long at = 0; at < len; count++)
			at += ((const struct raw_directory_entry *)(const void *)(buffer + at))->len;
	return len < 0 || count < 0 ? -1 : count;
}

int64_t procstatus_descriptors(const char *path, int fd)
{
	struct stat st;

	/* Since Linux 6.2 the directory's size is the answer. */
	if (raw_stat(path, &st, 0) == 0 && st.st_size > 0)
		return st.st_size;
	return fd < 0 ? -1 : count_entries(fd);
}
