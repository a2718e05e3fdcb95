/*
 * procfs.c - is that process still the one it was? See procfs.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "procfs.h"

#include <errno.h>
#include <string.h>

#include "fmt.h"
#include "procread.h"
#include "rawsys.h"

/* /proc counts in hundredths of a second on every Linux (USER_HZ). */
enum {
	TICK_NS = PROCFS_TICK_NS,
	FIELDS_TO_FLAGS = 6,
	FIELDS_TO_THREADS = 17,
	FIELDS_THREADS_TO_START = 2,
	FIELDS_TO_BLOCKED = 29,
};
enum { FLAG_EXITING = 4 };

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

static const char *skip_fields(const char *field, int count)
{
	for (; count > 0 && *field; count--) {
		while (*field && *field != ' ')
			field++;
		while (*field == ' ')
			field++;
	}
	return field;
}

static void put_directory(struct fmt *path, pid_t pid)
{
	fmt_str(path, "/proc/");
	if (pid)
		fmt_int(path, pid);
	else
		fmt_str(path, "self");
}

/* Reads /proc/<pid>/stat, which serves threads too; of 0 the caller's own. Return: its length, or -errno. */
static long read_stat(pid_t pid, char *text, size_t size)
{
	char path[32];
	struct fmt f = FMT_INIT(path);
	long len;
	int fd;

	put_directory(&f, pid);
	fmt_str(&f, "/stat");
	fd = raw_open(path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	len = raw_read(fd, text, size - 1);
	raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return len > 0 ? len : -ESRCH;
}

enum procfs_life procfs_life(pid_t pid, int64_t born_ns)
{
	char text[512];
	const char *field, *threads;
	long len;

	/* Most who are asked about have been reaped; this is 50 times cheaper than /proc. */
	if (raw_kill(pid, 0) == -ESRCH)
		return PROCFS_GONE;
	len = read_stat(pid, text, sizeof(text));
	if (len < 0)
		return len == -ESRCH ? PROCFS_GONE : PROCFS_ALIVE;
	field = after_command(text, len);
	if (!field)
		return PROCFS_ALIVE;
	threads = skip_fields(field, FIELDS_TO_THREADS);
	/* A first thread that has ended looks like a zombie while others run on. */
	if ((*field == 'Z' || *field == 'X') && number_at(threads) <= 1)
		return PROCFS_ZOMBIE;
	field = skip_fields(threads, FIELDS_THREADS_TO_START);
	return number_at(field) * TICK_NS > born_ns + TICK_NS ? PROCFS_GONE : PROCFS_ALIVE;
}

bool procfs_is_ending(pid_t pid)
{
	char text[512];
	const char *field;
	long len;

	if (raw_kill(pid, 0) == -ESRCH)
		return true;
	len = read_stat(pid, text, sizeof(text));
	field = len > 0 ? after_command(text, len) : NULL;
	if (!field)
		return len == -ESRCH;
	return *field == 'Z' || *field == 'X' ||
	       (number_at(skip_fields(field, FIELDS_TO_FLAGS)) & FLAG_EXITING);
}

int64_t procfs_began_ns(pid_t pid)
{
	char text[512];
	long len = read_stat(pid, text, sizeof(text));
	const char *field = len > 0 ? after_command(text, len) : NULL;

	if (!field)
		return 0;
	return number_at(skip_fields(field, FIELDS_TO_THREADS + FIELDS_THREADS_TO_START)) * TICK_NS;
}

bool procfs_is_stopped(pid_t tid)
{
	char text[512];
	long len = read_stat(tid, text, sizeof(text));
	const char *state = len > 0 ? after_command(text, len) : NULL;

	return state && (*state == 'T' || *state == 't');
}

char procfs_first_thread(uint64_t *blocked)
{
	char text[512];
	long len = read_stat(0, text, sizeof(text));
	const char *field = len > 0 ? after_command(text, len) : NULL;

	if (!field)
		return '\0';
	*blocked = (uint64_t)number_at(skip_fields(field, FIELDS_TO_BLOCKED));
	return *field;
}

bool procfs_is_held(pid_t pid)
{
	char path[32], text[512];
	struct fmt f = FMT_INIT(path);
	const char *state, *tracer;
	long len;
	int fd;

	put_directory(&f, pid);
	fmt_str(&f, "/status");
	fd = raw_open(path, O_RDONLY, 0);
	if (fd < 0)
		return false;
	len = raw_read(fd, text, sizeof(text) - 1);
	raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	state = strstr(text, "\nState:\t");
	tracer = strstr(text, "\nTracerPid:\t");
	return (state && (state[8] == 'T' || state[8] == 't')) || (tracer && tracer[12] != '0');
}

int64_t procfs_first_thread_ready_ns(void)
{
	char text[96];
	int fd = raw_open("/proc/self/schedstat", O_RDONLY, 0);
	long len;

	if (fd < 0)
		return 0;
	len = raw_read(fd, text, sizeof(text) - 1);
	raw_close(fd);
	text[len > 0 ? len : 0] = '\0';
	return number_at(text) + number_at(skip_fields(text, 1));
}

uint64_t procfs_pid_namespace(pid_t pid)
{
	char path[48];
	struct fmt f = FMT_INIT(path);
	struct stat st;

	procread_put_path(&f, pid, "ns/pid");
	if (raw_syscall4(SYS_newfstatat, AT_FDCWD, path, &st, 0) < 0)
		return 0;
	return st.st_ino;
}
