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
	FIELDS_TO_CHILDREN = 13,
	FIELDS_TO_THREADS = 17,
	FIELDS_THREADS_TO_START = 2,
	FIELDS_TO_BLOCKED = 29,
	FIELDS_BLOCKED_TO_PROCESSOR = 7,
};
enum { FLAG_EXITING = 4 };

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

enum { STAT_MAX = 512 };

/*
 * The fields of /proc/<pid>/stat from the state on; it serves threads too. `error` tells why there are none:
 * -ESRCH if nobody is there. Who does not ask may give NULL.
 */
static const char *read_stat(pid_t pid, char text[STAT_MAX], long *error)
{
	long len = procread_text(pid, "stat", text, STAT_MAX);

	if (error)
		*error = len ? len : -ESRCH;
	return len > 0 ? after_command(text, len) : NULL;
}

/* The field of the start, in the time of the tree. */
static int64_t began_at(const char *field)
{
	return procread_number(field) * TICK_NS - raw_clock_shift_of(CLOCK_BOOTTIME);
}

enum procfs_life procfs_life(pid_t pid, int64_t born_ns)
{
	char text[STAT_MAX];
	const char *field, *threads;
	long error;

	/* Most who are asked about have been reaped; this is 50 times cheaper than /proc. */
	if (raw_kill(pid, 0) == -ESRCH)
		return PROCFS_GONE;
	field = read_stat(pid, text, &error);
	if (!field)
		return error == -ESRCH ? PROCFS_GONE : PROCFS_ALIVE;
	threads = skip_fields(field, FIELDS_TO_THREADS);
	/* A first thread that has ended looks like a zombie while others run on. */
	if ((*field == 'Z' || *field == 'X') && procread_number(threads) <= 1)
		return PROCFS_ZOMBIE;
	field = skip_fields(threads, FIELDS_THREADS_TO_START);
	return began_at(field) > born_ns + TICK_NS ? PROCFS_GONE : PROCFS_ALIVE;
}

bool procfs_is_ending(pid_t pid)
{
	char text[STAT_MAX];
	const char *field;
	long error;

	if (raw_kill(pid, 0) == -ESRCH)
		return true;
	field = read_stat(pid, text, &error);
	if (!field)
		return error == -ESRCH;
	return *field == 'Z' || *field == 'X' ||
	       (procread_number(skip_fields(field, FIELDS_TO_FLAGS)) & FLAG_EXITING);
}

int64_t procfs_began_ns(pid_t pid)
{
	char text[STAT_MAX];
	const char *field = read_stat(pid, text, NULL);

	if (!field)
		return 0;
	return began_at(skip_fields(field, FIELDS_TO_THREADS + FIELDS_THREADS_TO_START));
}

bool procfs_is_stopped(pid_t tid)
{
	char text[STAT_MAX];
	const char *state = read_stat(tid, text, NULL);

	return state && (*state == 'T' || *state == 't');
}

void procfs_look_at_first(struct procfs_first *first)
{
	char text[STAT_MAX];
	const char *field = read_stat(0, text, NULL);

	first->state = field ? *field : '\0';
	if (!field)
		return;
	field = skip_fields(field, FIELDS_TO_BLOCKED);
	first->blocked = (uint64_t)procread_number(field);
	first->processor = (int)procread_number(skip_fields(field, FIELDS_BLOCKED_TO_PROCESSOR));
}

int64_t procfs_children_ns(pid_t pid)
{
	char text[STAT_MAX];
	const char *field = read_stat(pid, text, NULL);

	if (!field)
		return 0;
	field = skip_fields(field, FIELDS_TO_CHILDREN);
	return (procread_number(field) + procread_number(skip_fields(field, 1))) * TICK_NS;
}

int64_t procfs_threads(void)
{
	char text[STAT_MAX];
	const char *field = read_stat(0, text, NULL);

	return field ? procread_number(skip_fields(field, FIELDS_TO_THREADS)) : 0;
}

bool procfs_is_held(pid_t pid)
{
	char text[512];
	const char *state, *tracer;

	procread_text(pid, "status", text, sizeof(text));
	state = strstr(text, "\nState:\t");
	tracer = strstr(text, "\nTracerPid:\t");
	return (state && (state[8] == 'T' || state[8] == 't')) || (tracer && tracer[12] != '0');
}

static int64_t ready_ns(const char *file)
{
	char text[96];

	procread_text(0, file, text, sizeof(text));
	return procread_number(text) + procread_number(skip_fields(text, 1));
}

int64_t procfs_first_thread_ready_ns(void)
{
	return ready_ns("schedstat");
}

int64_t procfs_own_ready_ns(void)
{
	return ready_ns("../thread-self/schedstat");
}

uint64_t procfs_pid_namespace(pid_t pid)
{
	char path[48];
	struct fmt f = FMT_INIT(path);
	struct stat st;

	procread_put_path(&f, pid, "ns/pid");
	if (raw_stat(path, &st, 0) < 0)
		return 0;
	return st.st_ino;
}
