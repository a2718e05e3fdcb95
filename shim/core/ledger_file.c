/*
 * ledger_file.c - where the ledger lives; see ledger_file.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "ledger_file.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>

#include "attrs.h"
#include "fmt.h"
#include "ledger_users.h"
#include "leftovers.h"
#include "rawsys.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = LEDGER_PAGE };

const char *const LEDGER_DIRECTORIES[] = {"/dev/shm", "/tmp", NULL};
static const char NAME_PREFIX[] = "reslimit-";

/* Return: 0, or -errno: -EINVAL before Linux 5.14, which cannot say. */
static long populate(uintptr_t begin, size_t len)
{
	uintptr_t first = begin & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = (begin + len + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	long error = raw_syscall3(SYS_madvise, first, end - first, MADV_POPULATE_WRITE);

	/* What a store would have ended in SIGBUS. */
	return error == -EFAULT ? -ENOSPC : error;
}

int ledger_page_in(const void *start, size_t len)
{
	long error = populate((uintptr_t)start, len);

	/* Who cannot say makes the page when it is touched. */
	return error == -EINVAL ? 0 : (int)error;
}

int ledger_grow(const void *entry, size_t len)
{
	bool begins_page = (uintptr_t)entry % PAGE == 0;
	bool ends_page = ((uintptr_t)entry + len) % PAGE == 0;

	return begins_page || ends_page ? ledger_page_in(entry, len) : 0;
}

/* What this user's ledgers begin with. */
static void put_prefix(struct fmt *prefix)
{
	fmt_str(prefix, NAME_PREFIX);
	fmt_int(prefix, raw_geteuid());
	fmt_char(prefix, '-');
}

void ledger_make_path(struct fmt *f, const char *directory)
{
	fmt_str(f, directory);
	fmt_char(f, '/');
	put_prefix(f);
	fmt_int(f, raw_getpid());
	fmt_char(f, '-');
	fmt_int(f, raw_clock_ns(CLOCK_BOOTTIME));
}

static int map_as(int fd, int protection, struct ledger **ledger)
{
	long address = raw_mmap(NULL, sizeof(**ledger), protection, MAP_SHARED, fd, 0);

	if (raw_is_error(address))
		return (int)address;
	*ledger = (struct ledger *)address;
	return 0;
}

/* What every process touches first. */
static const struct {
	off_t begin;
	size_t len;
} FIRST_ENTRIES[] = {
	{offsetof(struct ledger, magic), LEDGER_PAGE - offsetof(struct ledger, magic) % LEDGER_PAGE},
	{offsetof(struct ledger, account), sizeof(struct account)},
};

/* Sees to it that they have memory: on a full file system a store would raise SIGBUS. Return: 0 or -errno. */
static int reserve_pages(int fd, const struct ledger *ledger)
{
	for (size_t i = 0; i < RL_ARRAY_LEN(FIRST_ENTRIES); i++) {
		uintptr_t begin = (uintptr_t)ledger + (uintptr_t)FIRST_ENTRIES[i].begin;
		long error = populate(begin, FIRST_ENTRIES[i].len);

		if (error == -EINVAL)
			error = raw_syscall4(SYS_pwrite64, fd, "", 1, FIRST_ENTRIES[i].begin);
		if (error < 0)
			return (int)error;
	}
	return 0;
}

/* Who finds the magic number finds the rest. */
static void write_header(struct ledger *ledger, const char *path)
{
	memcpy(ledger->path, path, strlen(path) + 1);
	ledger->version = LEDGER_VERSION;
	ledger->size = sizeof(*ledger);
	ledger->owner = raw_geteuid();
	atomic_thread_fence(memory_order_release);
	ledger->magic = LEDGER_MAGIC;
}

/* Without the signal that the kernel sends beside EFBIG. */
static int truncate_quietly(int fd)
{
	static const uint64_t size_signal = 1ULL << (SIGXFSZ - 1);
	static const struct timespec at_once;
	uint64_t mask;
	int error;

	raw_sigmask(SIG_BLOCK, &size_signal, &mask);
	error = raw_ftruncate(fd, sizeof(struct ledger));
	if (error)
		raw_syscall4(SYS_rt_sigtimedwait, &size_signal, NULL, &at_once, sizeof(size_signal));
	raw_sigmask(SIG_SETMASK, &mask, NULL);
	return error;
}

/* A limit on file sizes is meant for the program's files; where it cannot be lifted it must not kill. */
static int grow_beyond_file_limit(int fd)
{
	struct rlimit was, lifted;
	int error;

	if (raw_rlimit(RLIMIT_FSIZE, NULL, &was) < 0 || was.rlim_cur >= sizeof(struct ledger))
		return raw_ftruncate(fd, sizeof(struct ledger));
	lifted = was;
	lifted.rlim_cur = was.rlim_max;
	raw_rlimit(RLIMIT_FSIZE, &lifted, NULL);
	error = truncate_quietly(fd);
	raw_rlimit(RLIMIT_FSIZE, &was, NULL);
	return error;
}

static int fill(int fd, const char *path, struct ledger **ledger)
{
	int error = grow_beyond_file_limit(fd);

	if (!error)
		error = map_as(fd, PROT_READ | PROT_WRITE, ledger);
	if (error)
		return error;
	error = reserve_pages(fd, *ledger);
	if (error)
		ledger_unmap(*ledger);
	else
		write_header(*ledger, path);
	return error;
}

static int create_in(const char *directory, struct ledger **ledger)
{
	char path[LEDGER_PATH];
	struct fmt f = FMT_INIT(path);
	int error, fd;

	ledger_make_path(&f, directory);
	fd = raw_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	/* Whatever the umask: children must be able to open it. */
	error = (int)raw_syscall2(SYS_fchmod, fd, 0600);
	if (!error)
		error = fill(fd, path, ledger);
	raw_close(fd);
	if (error)
		raw_unlink(path);
	return error;
}

static bool has_ledger_shape(const struct stat *st)
{
	return S_ISREG(st->st_mode) && (st->st_mode & 0717) == 0600 &&
	       st->st_size == (off_t)sizeof(struct ledger);
}

/* Nobody but root can make a file that is root's; who was root before opens it by its access list. */
bool ledger_file_is_ours(int fd, const struct stat *st)
{
	/* Of a file with an access list the bits of the group are no group's: they bound the list. */
	return has_ledger_shape(st) && (!(st->st_mode & 0070) || ledger_has_users(fd)) &&
	       (st->st_uid == raw_geteuid() || !st->st_uid);
}

static uint32_t end_of(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* A file that was damaged must not lead outside the tables. */
bool ledger_is_whole(const struct ledger *l)
{
	return l->magic == LEDGER_MAGIC && l->version == LEDGER_VERSION && l->size == sizeof(*l) &&
	       end_of(&l->accounts_end) <= LEDGER_ACCOUNTS && end_of(&l->slots_end) <= LEDGER_SLOTS &&
	       end_of(&l->cells_end) <= LEDGER_CELLS;
}

static int open_checked(const char *path, int protection, struct ledger **ledger)
{
	struct stat st;
	int error, fd;

	fd = raw_open(path, (protection & PROT_WRITE ? O_RDWR : O_RDONLY) | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	error = raw_fstat(fd, &st);
	if (!error)
		error = ledger_file_is_ours(fd, &st) ? map_as(fd, protection, ledger) : -EPERM;
	raw_close(fd);
	if (error)
		return error;
	if (!ledger_is_whole(*ledger)) {
		ledger_unmap(*ledger);
		return -EPERM;
	}
	return 0;
}

int ledger_open(const char *path, struct ledger **ledger)
{
	return open_checked(path, PROT_READ | PROT_WRITE, ledger);
}

int ledger_open_to_read(const char *path, const struct ledger **ledger)
{
	struct ledger *l;
	int error = open_checked(path, PROT_READ, &l);

	if (!error)
		*ledger = l;
	return error;
}

/* Where a kept descriptor lies: above what programs hand out or compare. */
enum { KEPT_FD = 640, KEPT_FDS = 8 };

/* A descriptor of some ledger among the kept ones, or -1. A filter may forbid to ask for the access list. */
static int find_kept_fd(int from)
{
	struct stat st;

	for (int fd = from; fd < KEPT_FD + KEPT_FDS; fd++)
		if (raw_fstat(fd, &st) == 0 && has_ledger_shape(&st))
			return fd;
	return -1;
}

/* Whether this process, or one that it comes from, keeps one: an exec need not look for it otherwise. */
static bool keeps_fd, passes_always;

void ledger_pass_always(const struct ledger *ledger)
{
	if (ledger_keep_fd(ledger))
		return;
	passes_always = true;
	ledger_pass_fd(ledger, true);
}

int ledger_keep_fd(const struct ledger *ledger)
{
	int fd, kept;

	keeps_fd = true;
	if (find_kept_fd(KEPT_FD) >= 0)
		return 0;
	fd = raw_open(ledger->path, O_RDWR | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	kept = raw_fcntl(fd, F_DUPFD_CLOEXEC, KEPT_FD);
	raw_close(fd);
	return kept < 0 ? kept : 0;
}

/* Whether what is executed now will find the file by its path: not as another user, or in another root. */
static bool path_leads_to(const struct ledger *ledger, int fd)
{
	struct stat kept, there;

	return raw_geteuid() == ledger->owner && raw_fstat(fd, &kept) == 0 &&
	       raw_stat(ledger->path, &there, AT_SYMLINK_NOFOLLOW) == 0 && kept.st_dev == there.st_dev &&
	       kept.st_ino == there.st_ino;
}

void ledger_pass_fd(const struct ledger *ledger, bool pass)
{
	int fd = keeps_fd ? find_kept_fd(KEPT_FD) : -1;

	if (fd >= 0)
		raw_fcntl(fd, F_SETFD,
			  passes_always || (pass && !path_leads_to(ledger, fd)) ? 0 : FD_CLOEXEC);
}

int ledger_open_passed(const char *path, struct ledger **ledger)
{
	for (int fd = find_kept_fd(KEPT_FD); fd >= 0; fd = find_kept_fd(fd + 1)) {
		if (map_as(fd, PROT_READ | PROT_WRITE, ledger))
			continue;
		if (ledger_is_whole(*ledger) && !strcmp((*ledger)->path, path)) {
			/* What is executed here could not open it either, and may be by posix_spawn(). */
			keeps_fd = passes_always = true;
			return 0;
		}
		ledger_unmap(*ledger);
	}
	return -EACCES;
}

void ledger_unmap(const struct ledger *ledger)
{
	raw_munmap((void *)ledger, sizeof(*ledger));
}

void ledger_unlink(struct ledger *ledger)
{
	raw_unlink(ledger->path);
}

bool ledger_name_is_ours(const char *name)
{
	char ours[32];
	struct fmt prefix = FMT_INIT(ours);

	put_prefix(&prefix);
	return !strncmp(name, ours, prefix.len) && leftovers_maker(name, prefix.len) > 0;
}

static void remove_leftovers(const char *directory)
{
	char ours[32];
	struct fmt prefix = FMT_INIT(ours);

	put_prefix(&prefix);
	leftovers_remove(directory, ours);
}

/* What a tmpfs counts for each entry, "." and ".." too: no other file system has less for names like ours. */
enum { TMPFS_ENTRY = 20, ENTRIES_WITH_OURS = 3 };

/* Whether the directory holds more than our new file; cheaper than reading it. */
static bool has_other_files(const char *directory)
{
	struct stat st;

	return raw_stat(directory, &st, 0) < 0 || st.st_size != ENTRIES_WITH_OURS * TMPFS_ENTRY;
}

int ledger_create(struct ledger **ledger)
{
	int error = -ENOENT;

	for (size_t i = 0; LEDGER_DIRECTORIES[i]; i++) {
		error = create_in(LEDGER_DIRECTORIES[i], ledger);
		if (!error) {
			if (has_other_files(LEDGER_DIRECTORIES[i]))
				remove_leftovers(LEDGER_DIRECTORIES[i]);
			return 0;
		}
	}
	return error;
}

void ledger_explain(int error, struct fmt *why)
{
	enum { MB = (sizeof(struct ledger) + (1 << 20) - 1) >> 20 };

	if (error == -EFBIG) {
		fmt_str(why, "the limit on file sizes (ulimit -f) is below the ledger's ");
		fmt_int(why, MB);
		fmt_str(why, " MB; raise it");
	} else if (error == -ENOMEM) {
		fmt_str(why, "no room for the ledger's ");
		fmt_int(why, MB);
		fmt_str(why, " MB of address space; raise the limit (ulimit -v)");
	} else {
		fmt_str(why, "cannot make a ledger in /dev/shm or /tmp (errno ");
		fmt_int(why, -error);
		fmt_str(why, "); make one of them writable, with some space left");
	}
}
