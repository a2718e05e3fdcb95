/*
 * procfs.c - is that process still the one it was? See procfs.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "procfs.h"

#include <errno.h>

#include "fmt.h"
#include "rawsys.h"

/* /proc counts in hundredths of a second on every Linux (USER_HZ). */
enum { TICK_NS = 10000000, STAT_FIELDS_TO_START = 20 };

static int64_t number_at(const char *s)
{
	int64_t v = 0;

	while (*s >= '0' && *s <= '9')
		v = v * 10 + (*s++ - '0');
	return v;
}

/* The text after the command name, which may itself hold ") R 1". */
static const char *after_command(const char *text, long len)
{
	while (len > 0 && text[len - 1] != ')')
		len--;
	return len > 0 && text[len] == ' ' ? text + len + 1 : NULL;
}

enum procfs_life procfs_life(pid_t pid, int64_t born_ns)
{
	char path[32], text[512];
	struct fmt f = FMT_INIT(path);
	const char *field;
	long len;
	int fd;

	/* Most who are asked about have been reaped; this is 50 times cheaper than /proc. */
	if (raw_kill(pid, 0) == -ESRCH)
		return PROCFS_GONE;
	fmt_str(&f, "/proc/");
	fmt_int(&f, pid);
	fmt_str(&f, "/stat");
	fd = raw_open(path, O_RDONLY, 0);
	if (fd < 0)
		return PROCFS_ALIVE;
	len = raw_read(fd, text, sizeof(text) - 1);
	raw_close(fd);
	if (len <= 0)
		return PROCFS_GONE;
	text[len] = '\0';
	field = after_command(text, len);
	if (!field)
		return PROCFS_ALIVE;
	if (*field == 'Z' || *field == 'X')
		return PROCFS_ZOMBIE;
	for (int i = 1; i < STAT_FIELDS_TO_START && *field; i++) {
		while (*field && *field != ' ')
			field++;
		while (*field == ' ')
			field++;
	}
	return number_at(field) * TICK_NS > born_ns + TICK_NS ? PROCFS_GONE : PROCFS_ALIVE;
}

uint64_t procfs_pid_namespace(void)
{
	struct stat st;

	if (raw_syscall4(SYS_newfstatat, AT_FDCWD, "/proc/self/ns/pid", &st, 0) < 0)
		return 0;
	return st.st_ino;
}
