/*
 * leftovers.c - ledgers whose trees are gone; see leftovers.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leftovers.h"

#include <errno.h>
#include <linux/magic.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>

#include "config.h"
#include "fmt.h"
#include "ledger_file.h"
#include "procread.h"
#include "rawsys.h"
#include "slots.h"

enum {
	EXEC_NS_MAX = 2000000000, /* from exec to our constructor takes milliseconds */
	LOOK_ANYWAY_EACH = 16,	  /* of our starts, at files whose maker's number is somebody's */
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

pid_t leftovers_maker(const char *name, size_t prefix_len)
{
	int64_t pid = 0;

	for (name += prefix_len; is_digit(*name) && pid < INT32_MAX / 10; name++)
		pid = pid * 10 + (*name - '0');
	if (*name != '-' || !is_digit(name[1]))
		return 0;
	for (name++; is_digit(*name); name++)
		;
	return *name ? 0 : (pid_t)pid;
}

/* By chance: our own numbers may all be odd, where a script starts one program for each of its own. */
static bool is_turn_to_look_anyway(void)
{
	return raw_clock_ns(CLOCK_MONOTONIC) / 1024 % LOOK_ANYWAY_EACH == 0;
}

/*
 * Worth a look are files whose maker is gone. The number may be another
 * process's here, above all the small ones of a namespace that is gone; to ask
 * each time would cost each start 10 us for each tree that lives.
 */
static bool is_worth_a_look(pid_t maker)
{
	return maker > 0 && (raw_kill(maker, 0) == -ESRCH || is_turn_to_look_anyway());
}

enum use { USE_UNKNOWN, USE_NONE, USE_SOME };

/* Asks the kernel, which knows for files in memory; while the lease stands, who opens the file waits. */
static enum use lease(int fd)
{
	struct statfs fs;
	int error;

	if (raw_syscall2(SYS_fstatfs, fd, &fs) < 0 || fs.f_type != TMPFS_MAGIC)
		return USE_UNKNOWN;
	/* Nobody dies of being asked to hurry. */
	raw_fcntl(fd, F_SETSIG, SIGURG);
	error = raw_fcntl(fd, F_SETLEASE, F_RDLCK);
	return !error ? USE_NONE : error == -EAGAIN ? USE_SOME : USE_UNKNOWN;
}

/* Whether a text is in a file. Return: how many bytes were read, or -1 when it was found. */
static long search(int fd, const char *wanted, size_t wanted_len)
{
	char text[2 * LEDGER_PATH];
	size_t held = 0;
	long len, total = 0;

	while ((len = raw_read(fd, text + held, sizeof(text) - held)) > 0) {
		total += len;
		held += (size_t)len;
		for (size_t i = 0; i + wanted_len <= held; i++)
			if (!memcmp(text + i, wanted, wanted_len))
				return -1;
		if (held > wanted_len) {
			memmove(text, text + held - wanted_len, wanted_len);
			held = wanted_len;
		}
	}
	return total;
}

enum knows { KNOWS_NOT, KNOWS_NOTHING_YET, KNOWS };

/* Whether the environment of a process names the ledger; one that executes has none for a moment. */
static enum knows knows_ledger(pid_t pid, const char *path)
{
	char wanted[LEDGER_PATH + 32];
	struct fmt w = FMT_INIT(wanted);
	long read;
	int fd;

	fmt_str(&w, CONFIG_LEDGER_VARIABLE "=");
	fmt_str(&w, path);
	fd = procread_open(pid, "environ");
	if (fd < 0)
		return KNOWS_NOT;
	read = search(fd, wanted, w.len);
	raw_close(fd);
	return read < 0 ? KNOWS : read ? KNOWS_NOT : KNOWS_NOTHING_YET;
}

/* Neither a zombie nor the kernel's own. */
static bool runs_a_program(pid_t pid)
{
	char file[40], target[1];
	struct fmt f = FMT_INIT(file);

	procread_put_path(&f, pid, "exe");
	return raw_readlink(file, target, sizeof(target)) > 0;
}

static bool is_unknown_to(void *path, int64_t pid)
{
	enum knows knows = knows_ledger((pid_t)pid, path);

	return knows == KNOWS_NOT || (knows == KNOWS_NOTHING_YET && !runs_a_program((pid_t)pid));
}

/* Asks every process, which is worth it for a file that has no maker and that nobody has mapped. Others'
 * cannot be read, and have no use for a file of ours. */
static bool is_known_to_anybody(char *path)
{
	return procread_numbers("/proc", is_unknown_to, path) != 0;
}

/* Nobody maps it: whether somebody may come back to it. */
static bool is_expected(const struct ledger *ledger)
{
	uint32_t end = atomic_load_explicit(&ledger->slots_end, memory_order_relaxed);
	int64_t now_ns = raw_clock_ns(CLOCK_BOOTTIME);

	for (uint32_t i = 0; i < end; i++) {
		const struct slot *s = &ledger->slot[i];
		uint32_t state = atomic_load_explicit(&s->state, memory_order_relaxed);
		pid_t pid = atomic_load_explicit(&s->pid, memory_order_relaxed);

		if (state == SLOT_FREE)
			continue;
		if (s->exec_ns && now_ns - s->exec_ns < EXEC_NS_MAX)
			return true;
		if (slots_is_alive(s) &&
		    knows_ledger(state == SLOT_RESERVED ? s->creator : pid, ledger->path) == KNOWS)
			return true;
	}
	return false;
}

/*
 * A ledger of another version, or none at all, with a name like ours. Who may come back to it cannot be read;
 * whoever does has it in his environment. Who has opened it since the look began breaks the lease.
 */
static bool is_left_unread(int fd, enum use use, char *path)
{
	struct stat st;

	return use == USE_NONE && raw_fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       st.st_uid == raw_geteuid() && !is_known_to_anybody(path) &&
	       raw_fcntl(fd, F_GETLEASE, 0) == F_RDLCK;
}

/* Whether no process will use the file any more; one whose header is missing was never begun. */
static bool is_left(int fd, enum use use, char *path)
{
	struct stat st;
	struct ledger *ledger;
	uint32_t magic = 0;
	bool answer;

	raw_syscall4(SYS_pread64, fd, &magic, sizeof(magic), offsetof(struct ledger, magic));
	if (!magic || raw_fstat(fd, &st) < 0 || !ledger_file_is_ours(fd, &st))
		return !magic;
	ledger = (struct ledger *)raw_mmap(NULL, sizeof(*ledger), PROT_READ, MAP_SHARED, fd, 0);
	if (raw_is_error((long)ledger))
		return false;
	if (!ledger_is_whole(ledger))
		answer = is_left_unread(fd, use, path);
	else
		answer = use == USE_NONE ? !is_expected(ledger) : slots_is_last(ledger, LEDGER_NONE);
	ledger_unmap(ledger);
	return answer;
}

/*
 * By its size: to open it and ask for a lease would cost ten times as much, at each start for each
 * tree of another version that lives.
 */
static bool is_of_another_version(const struct stat *st)
{
	return st->st_size && st->st_size != (off_t)sizeof(struct ledger);
}

static void remove_if_left(const char *directory, const char *name, bool maker_is_gone)
{
	char path[LEDGER_PATH];
	struct fmt f = FMT_INIT(path);
	struct stat st;
	enum use use;
	int fd;

	fmt_str(&f, directory);
	fmt_char(&f, '/');
	fmt_str(&f, name);
	if (raw_stat(path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return;
	/* A supervisor's socket has a name for a moment only. */
	if (S_ISSOCK(st.st_mode) && maker_is_gone)
		raw_unlink(path);
	if (!S_ISREG(st.st_mode) || (is_of_another_version(&st) && !maker_is_gone))
		return;
	fd = raw_open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0)
		return;
	use = lease(fd);
	if (is_of_another_version(&st)
		    ? is_left_unread(fd, use, path)
		    : (use == USE_NONE || (use == USE_UNKNOWN && maker_is_gone)) && is_left(fd, use, path))
		raw_unlink(path);
	raw_close(fd);
}

void leftovers_remove(const char *directory, const char *prefix)
{
	char buffer[4096] __attribute__((aligned(8)));
	int fd = raw_open(directory, O_RDONLY | O_DIRECTORY, 0);
	long len;

	if (fd < 0)
		return;
	while ((len = raw_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < len;) {
			const struct raw_directory_entry *e =
				(const struct raw_directory_entry *)(buffer + at);
			pid_t maker = strncmp(e->name, prefix, strlen(prefix))
					      ? 0
					      : leftovers_maker(e->name, strlen(prefix));

			if (is_worth_a_look(maker))
				remove_if_left(directory, e->name, raw_kill(maker, 0) == -ESRCH);
			at += e->len;
		}
	}
	raw_close(fd);
}
