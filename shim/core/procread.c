/*
 * procread.c - small files and numbered directories of /proc, read whole; see procread.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "procread.h"

#include <string.h>

#include "rawsys.h"
#include "units.h"

void procread_put_path(struct fmt *path, pid_t pid, const char *name)
{
	fmt_str(path, "/proc/");
	if (pid)
		fmt_int(path, pid);
	else
		fmt_str(path, "self");
	fmt_char(path, '/');
	fmt_str(path, name);
}

static long read_whole(int fd, char *text, size_t size)
{
	long len = fd < 0 ? fd : raw_read(fd, text, size - 1);

	if (fd >= 0)
		raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len;
}

long procread_file(const char *path, char *text, size_t size)
{
	return read_whole(raw_open(path, O_RDONLY, 0), text, size);
}

int procread_open(pid_t pid, const char *name)
{
	char path[64];
	struct fmt f = FMT_INIT(path);

	procread_put_path(&f, pid, name);
	return raw_open(path, O_RDONLY, 0);
}

long procread_text(pid_t pid, const char *name, char *text, size_t size)
{
	return read_whole(procread_open(pid, name), text, size);
}

int64_t procread_number(const char *text)
{
	int64_t number = 0;

	while (*text == ' ' || *text == '\t')
		text++;
	for (; *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (*text - '0');
	return number;
}

const char *procread_hex(const char *text, uint64_t *value)
{
	for (*value = 0;; text++) {
		if (*text >= '0' && *text <= '9')
			*value = *value << 4 | (uint64_t)(*text - '0');
		else if (*text >= 'a' && *text <= 'f')
			*value = *value << 4 | (uint64_t)(*text - 'a' + 10);
		else
			return text;
	}
}

int64_t procread_field(const char *text, const char *key)
{
	const char *at = strstr(text, key);

	return at ? procread_number(at + strlen(key)) : 0;
}

int procread_numbers(const char *path, procread_each *each, void *context)
{
	char buffer[1024] __attribute__((aligned(8)));
	int fd = raw_open(path, O_RDONLY | O_DIRECTORY, 0);
	bool goes_on = true;
	long len;

	if (fd < 0)
		return fd;
	while (goes_on && (len = raw_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; goes_on && at < len;) {
			const struct raw_directory_entry *e =
				(const struct raw_directory_entry *)(buffer + at);
			int64_t number;

			if (units_count(e->name, strlen(e->name), &number) == 0)
				goes_on = each(context, number);
			at += e->len;
		}
	}
	raw_close(fd);
	return goes_on ? (int)len : 1;
}
