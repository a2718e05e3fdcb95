/*
 * record.c - the status record; see record.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "record.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>

#include "accounts.h"
#include "attrs.h"
#include "ledger_lock.h"
#include "logline.h"
#include "placeholders.h"
#include "private_files.h"
#include "procfile.h"
#include "quiet_write.h"
#include "rawsys.h"
#include "record_text.h"
#include "trace.h"

enum {
	HELD_MAX = 4,
	HIGH_FD = 600, /* above what programs hand out or compare */
	LINES = 3,
	WAIT_FOR_PIPE_MS = 200, /* a reader that does not read must not stop the program's end */
	TRY_AGAIN_MS = 10,
};

static struct held {
	uint32_t account;
	int fd;
} held[HELD_MAX];
static int held_count;

static const char *heap_coverage = "full";

void record_set_heap_coverage(const char *word)
{
	heap_coverage = word;
}

static bool is_status_file(const struct account *a, int fd)
{
	struct stat st;

	return fd >= 0 && raw_fstat(fd, &st) == 0 && st.st_dev == a->status_dev && st.st_ino == a->status_ino;
}

/* The copy that the program before this exec passed on; one is enough. */
static int adopt_passed(const struct account *a)
{
	int adopted = -1;

	for (int fd = HIGH_FD; fd < HIGH_FD + HELD_MAX * 2; fd++) {
		if (!is_status_file(a, fd))
			continue;
		if (adopted >= 0) {
			raw_close(fd);
			continue;
		}
		raw_fcntl(fd, F_SETFD, FD_CLOEXEC);
		adopted = fd;
	}
	return adopted;
}

void record_hold(struct ledger *ledger, uint32_t account)
{
	struct account *a = &ledger->account[account];
	struct stat st;
	int fd;

	if (a->status_fd < 0 || held_count == HELD_MAX)
		return;
	if (!a->status_ino && raw_fstat(a->status_fd, &st) == 0) {
		a->status_dev = st.st_dev;
		a->status_ino = st.st_ino;
	}
	fd = adopt_passed(a);
	if (fd < 0 && is_status_file(a, a->status_fd))
		fd = raw_fcntl(a->status_fd, F_DUPFD_CLOEXEC, HIGH_FD);
	if (fd < 0 && is_status_file(a, a->status_fd)) /* a low limit on descriptors: anywhere */
		fd = raw_fcntl(a->status_fd, F_DUPFD_CLOEXEC, 3);
	held[held_count].account = account;
	held[held_count].fd = fd;
	held_count++;
}

int record_count_descriptors(const struct ledger *ledger)
{
	int count = 0;

	for (int i = 0; i < held_count; i++) {
		const struct account *a = &ledger->account[held[i].account];

		count += procfile_is_programs(held[i].fd, a->status_dev, a->status_ino);
	}
	return count;
}

bool record_holds_files(void)
{
	return held_count > 0;
}

void record_keep_over_exec(bool keep)
{
	for (int i = 0; i < held_count; i++)
		if (held[i].fd >= 0)
			raw_fcntl(held[i].fd, F_SETFD, keep ? 0 : FD_CLOEXEC);
}

/* Puts a descriptor in its place among others, the least first. */
static void insert(int *list, int count, int fd)
{
	for (; count > 0 && list[count - 1] > fd; count--)
		list[count] = list[count - 1];
	list[count] = fd;
}

bool record_take_private_files(const struct ledger *ledger)
{
	int keep[HELD_MAX];
	int count = 0;

	for (int i = 0; i < held_count; i++)
		if (held[i].fd >= 0)
			insert(keep, count++, held[i].fd);
	if (!private_files_begin(keep, count))
		return false;
	/* The program may have closed one and opened another: that one must not be held. */
	for (int i = 0; i < held_count; i++)
		if (held[i].fd >= 0 && !is_status_file(&ledger->account[held[i].account], held[i].fd))
			raw_close(held[i].fd);
	return true;
}

/* A descriptor that still is what the user named, or -1. */
static int find_descriptor(const struct account *a, uint32_t account)
{
	for (int i = 0; i < held_count; i++)
		if (held[i].account == account && is_status_file(a, held[i].fd))
			return held[i].fd;
	return is_status_file(a, a->status_fd) ? a->status_fd : -1;
}

static long write_in_time(int fd, const char *line, size_t len)
{
	return raw_poll_writable(fd, WAIT_FOR_PIPE_MS) > 0 ? quiet_write(fd, line, len) : -EAGAIN;
}

/* The process is at its end: that it has used up its descriptors must not cost the record. */
static int open_beyond_limit(const char *path)
{
	struct rlimit was, more;
	int fd = quiet_open(path);

	if (fd != -EMFILE || raw_rlimit(RLIMIT_NOFILE, NULL, &was) < 0)
		return fd;
	/* What is open may lie above the limit. */
	more.rlim_cur = was.rlim_cur + 1024;
	if (more.rlim_cur > was.rlim_max && was.rlim_cur < was.rlim_max)
		more.rlim_cur = was.rlim_max;
	more.rlim_max = more.rlim_cur > was.rlim_max ? more.rlim_cur : was.rlim_max;
	/* With both limits used up that takes a privilege. */
	if (raw_rlimit(RLIMIT_NOFILE, &more, NULL) < 0)
		return fd;
	fd = quiet_open(path);
	raw_rlimit(RLIMIT_NOFILE, &was, NULL);
	return fd;
}

/* A named pipe's reader may be about to come. */
static int open_in_time(const char *path)
{
	int fd = open_beyond_limit(path);

	for (int waited_ms = 0; fd == -ENXIO && waited_ms < WAIT_FOR_PIPE_MS; waited_ms += TRY_AGAIN_MS) {
		raw_sleep_ns(TRY_AGAIN_MS * 1000000L);
		fd = quiet_open(path);
	}
	return fd;
}

static bool write_file(const struct account *a, const char *line, size_t len)
{
	char path[LEDGER_PATH + LEDGER_NAME];
	struct fmt f = FMT_INIT(path);
	bool is_written;
	int fd;

	placeholders_expand(&f, a->status_file, a);
	fd = open_in_time(path);
	is_written = fd >= 0 && write_in_time(fd, line, len) == (long)len;
	if (!is_written)
		logline(a, "record lost", path, fd);
	if (fd >= 0)
		raw_close(fd);
	return is_written;
}

static bool write_descriptor(const struct account *a, uint32_t account, const char *line, size_t len)
{
	int fd = find_descriptor(a, account);

	if (fd >= 0 && write_in_time(fd, line, len) == (long)len)
		return true;
	logline(a, "record lost", "descriptor", a->status_fd);
	return false;
}

static void trace_end(const struct ledger *ledger, uint32_t account, const struct record_ending *ending)
{
	bool certain;

	if (ledger->account[account].trace[0])
		trace_event(ledger, account, "end",
			    {"verdict", record_verdict(ledger, account, ending, &certain), 0},
			    {ending->signal ? "signal" : "exit_code", NULL,
			     ending->signal ? ending->signal : ending->exit_code});
}

/*
 * Not on the stack: the handler of a fatal signal may have little of it. An inner and an outer record
 * may be written at once, by the thread that exits, by a handler in the middle of that, by the watchdog.
 */
static char lines[LINES][RECORD_MAX + 1] RL_SELDOM;
static _Atomic int lines_taken[LINES];

/* Return: the index of a line that nobody else has, or -1. */
static int take_line(void)
{
	for (int i = 0; i < LINES; i++)
		if (!atomic_exchange_explicit(&lines_taken[i], 1, memory_order_acquire))
			return i;
	return -1;
}

static bool write_record(struct ledger *ledger, uint32_t account, const struct record_ending *ending)
{
	struct account *a = &ledger->account[account];
	struct fmt f = {.size = sizeof(lines[0])};
	bool is_written = true;
	int taken;
	uint64_t mask;
	bool is_locked;

	logline(a, "end", ending->signal ? "signal" : "exit",
		ending->signal ? ending->signal : ending->exit_code);
	trace_end(ledger, account, ending);
	if (a->status_fd < 0 && !a->status_file[0])
		return true;
	taken = take_line();
	if (taken < 0) {
		logline(a, "record lost", "too many at once", LINES);
		return false;
	}
	f.buf = lines[taken];
	is_locked = ledger_lock_urgent(ledger, &mask);
	record_text(&f, ledger, account, ending, heap_coverage);
	ledger_unlock_urgent(ledger, &mask, is_locked);
	if (a->status_fd >= 0)
		is_written = write_descriptor(a, account, f.buf, f.len);
	if (a->status_file[0] && !write_file(a, f.buf, f.len))
		is_written = false;
	atomic_store_explicit(&lines_taken[taken], 0, memory_order_release);
	return is_written;
}

bool record_is_due(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	if (a->root == slot && !a->supervisor &&
	    !atomic_load_explicit(&a->record_taken, memory_order_relaxed) &&
	    (a->status_fd >= 0 || a->status_file[0]))
		return true;
	return false;
}

void record_process_end(struct ledger *ledger, uint32_t slot, const struct record_ending *ending)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		if (a->root == slot && !a->supervisor)
			record_account_end(ledger, (uint32_t)(a - ledger->account), ending);
	}
}

bool record_account_end(struct ledger *ledger, uint32_t account, const struct record_ending *ending)
{
	if (atomic_exchange_explicit(&ledger->account[account].record_taken, 1, memory_order_acq_rel))
		return true;
	return write_record(ledger, account, ending);
}
