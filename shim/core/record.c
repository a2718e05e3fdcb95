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
#include "private_files.h"
#include "procfile.h"
#include "rawsys.h"
#include "record_text.h"

enum {
	HELD_MAX = 4,
	HIGH_FD = 600, /* above what programs hand out or compare */
	LINES = 3,
	WAIT_FOR_PIPE_MS = 200, /* a reader that does not read must not stop the program's end */
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

void record_take_private_files(const struct ledger *ledger)
{
	int keep[HELD_MAX];
	int count = 0;

	for (int i = 0; i < held_count; i++)
		if (held[i].fd >= 0)
			insert(keep, count++, held[i].fd);
	if (!private_files_begin(keep, count))
		return;
	/* The program may have closed one and opened another: that one must not be held. */
	for (int i = 0; i < held_count; i++)
		if (held[i].fd >= 0 && !is_status_file(&ledger->account[held[i].account], held[i].fd))
			raw_close(held[i].fd);
}

/* A descriptor that still is what the user named, or -1. */
static int find_descriptor(const struct account *a, uint32_t account)
{
	for (int i = 0; i < held_count; i++)
		if (held[i].account == account && is_status_file(a, held[i].fd))
			return held[i].fd;
	return is_status_file(a, a->status_fd) ? a->status_fd : -1;
}

/* One write; a pipe without a reader raises SIGPIPE, which must not reach the program. */
static long write_quietly(int fd, const char *line, size_t len)
{
	static const uint64_t pipe_signal = 1ULL << (SIGPIPE - 1);
	static const uint64_t all = ~0ULL;
	static const struct timespec at_once;
	uint64_t mask, pending = 0;
	long written;

	if (raw_poll_writable(fd, WAIT_FOR_PIPE_MS) <= 0)
		return -EAGAIN;
	raw_sigmask(SIG_SETMASK, &all, &mask);
	raw_syscall2(SYS_rt_sigpending, &pending, sizeof(pending));
	written = raw_write(fd, line, len);
	if (written == -EPIPE && !(pending & pipe_signal))
		raw_syscall4(SYS_rt_sigtimedwait, &pipe_signal, NULL, &at_once, sizeof(pipe_signal));
	raw_sigmask(SIG_SETMASK, &mask, NULL);
	return written;
}

static void put_name(struct fmt *f, const char *name)
{
	for (; *name; name++)
		fmt_char(f, *name == '/' ? '_' : *name);
}

void record_expand_path(struct fmt *f, const struct account *a, const char *pattern)
{
	for (const char *s = pattern; *s; s++) {
		if (*s != '%' || !s[1]) {
			fmt_char(f, *s);
			continue;
		}
		s++;
		if (*s == 'p')
			fmt_int(f, a->root_pid);
		else if (*s == 'n')
			put_name(f, a->name);
		else
			fmt_char(f, *s);
	}
}

static void write_file(const struct account *a, const char *line, size_t len)
{
	char path[LEDGER_PATH + LEDGER_NAME];
	struct fmt f = FMT_INIT(path);
	int fd;

	record_expand_path(&f, a, a->status_file);
	fd = raw_open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY, 0666);
	if (fd < 0 || write_quietly(fd, line, len) < 0)
		logline(a, "record lost", path, fd);
	if (fd >= 0)
		raw_close(fd);
}

static void write_descriptor(const struct account *a, uint32_t account, const char *line, size_t len)
{
	int fd = find_descriptor(a, account);

	if (fd < 0 || write_quietly(fd, line, len) < 0)
		logline(a, "record lost", "descriptor", a->status_fd);
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

static void write_record(struct ledger *ledger, uint32_t account, const struct record_ending *ending)
{
	struct account *a = &ledger->account[account];
	struct fmt f = {.size = sizeof(lines[0])};
	int taken;
	uint64_t mask;
	bool is_locked;

	logline(a, "end", ending->signal ? "signal" : "exit",
		ending->signal ? ending->signal : ending->exit_code);
	if (a->status_fd < 0 && !a->status_file[0])
		return;
	taken = take_line();
	if (taken < 0) {
		logline(a, "record lost", "too many at once", LINES);
		return;
	}
	f.buf = lines[taken];
	is_locked = ledger_lock_urgent(ledger, &mask);
	record_text(&f, ledger, account, ending, heap_coverage);
	ledger_unlock_urgent(ledger, &mask, is_locked);
	if (a->status_fd >= 0)
		write_descriptor(a, account, f.buf, f.len);
	if (a->status_file[0])
		write_file(a, f.buf, f.len);
	atomic_store_explicit(&lines_taken[taken], 0, memory_order_release);
}

bool record_is_due(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	if (a->root == slot && !atomic_load_explicit(&a->record_taken, memory_order_relaxed) &&
	    (a->status_fd >= 0 || a->status_file[0]))
		return true;
	return false;
}

void record_process_end(struct ledger *ledger, uint32_t slot, const struct record_ending *ending)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	{
		if (a->root != slot || atomic_exchange_explicit(&a->record_taken, 1, memory_order_acq_rel))
			continue;
		write_record(ledger, (uint32_t)(a - ledger->account), ending);
	}
}
