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
#include "rawsys.h"
#include "slots.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23
#endif

enum { PAGE = 4096 };

const char *const LEDGER_DIRECTORIES[] = {"/dev/shm", "/tmp", NULL};
static const char NAME_PREFIX[] = "reslimit-";

int ledger_page_in(const void *start, size_t len)
{
	uintptr_t first = (uintptr_t)start & ~(uintptr_t)(PAGE - 1);
	uintptr_t end = ((uintptr_t)start + len + PAGE - 1) & ~(uintptr_t)(PAGE - 1);
	long error = raw_syscall3(SYS_madvise, first, end - first, MADV_POPULATE_WRITE);

	/* Kernels before 5.14 cannot say; the page is then made when it is touched. */
	return error == -EINVAL ? 0 : (int)error;
}

int ledger_grow(const void *entry, size_t len)
{
	return (uintptr_t)entry % PAGE ? 0 : ledger_page_in(entry, len);
}

/* What this user's ledgers begin with. */
static void put_prefix(struct fmt *prefix)
{
	fmt_str(prefix, NAME_PREFIX);
	fmt_int(prefix, raw_geteuid());
	fmt_char(prefix, '-');
}

static void make_path(struct fmt *f, const char *directory)
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

	if (address < 0 && address > -PAGE)
		return (int)address;
	*ledger = (struct ledger *)address;
	return 0;
}

/* The pages that every process touches first. */
static const off_t FIRST_ENTRIES[] = {
	offsetof(struct ledger, account),
	offsetof(struct ledger, slot),
	offsetof(struct ledger, cell),
};

/* Written, not stored: on a full file system a store would raise SIGBUS. */
static int write_header(int fd, const char *path)
{
	struct {
		uint32_t magic, version;
		uint64_t size;
		uint32_t owner;
	} head = {LEDGER_MAGIC, LEDGER_VERSION, sizeof(struct ledger), raw_geteuid()};
	size_t len = strlen(path) + 1;
	long written;

	static_assert(offsetof(struct ledger, owner) == 16, "the written header is the ledger's beginning");
	written = raw_syscall4(SYS_pwrite64, fd, path, len, offsetof(struct ledger, path));
	for (size_t i = 0; i < RL_ARRAY_LEN(FIRST_ENTRIES) && written >= 0; i++)
		written = raw_syscall4(SYS_pwrite64, fd, "", 1, FIRST_ENTRIES[i]);
	if (written >= 0)
		written = raw_syscall4(SYS_pwrite64, fd, &head, 20, 0);
	return written < 0 ? (int)written : 0;
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

static int fill(int fd, const char *path)
{
	int error = truncate_quietly(fd);

	return error ? error : write_header(fd, path);
}

/* A limit on file sizes is meant for the program's files; where it cannot be lifted it must not kill. */
static int fill_beyond_file_limit(int fd, const char *path)
{
	struct rlimit was, lifted;
	int error = fill(fd, path);

	if (error != -EFBIG || raw_syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, NULL, &was) < 0)
		return error;
	lifted = was;
	lifted.rlim_cur = was.rlim_max;
	raw_syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, &lifted, NULL);
	error = fill(fd, path);
	raw_syscall4(SYS_prlimit64, 0, RLIMIT_FSIZE, &was, NULL);
	return error;
}

static int create_in(const char *directory, struct ledger **ledger)
{
	char path[LEDGER_PATH];
	struct fmt f = FMT_INIT(path);
	int error, fd;

	make_path(&f, directory);
	fd = raw_open(path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
	if (fd < 0)
		return fd;
	error = fill_beyond_file_limit(fd, path);
	if (!error)
		error = map_as(fd, PROT_READ | PROT_WRITE, ledger);
	raw_close(fd);
	if (error)
		raw_unlink(path);
	return error;
}

static bool has_ledger_shape(int fd, const struct stat *st)
{
	/* Of a file with an access list the bits of the group are no group's: they bound the list. */
	return S_ISREG(st->st_mode) && (st->st_mode & 0717) == 0600 &&
	       (!(st->st_mode & 0070) || ledger_has_users(fd)) && st->st_size == (off_t)sizeof(struct ledger);
}

/* Nobody but root can make a file that is root's; who was root before opens it by its access list. */
static bool file_is_ours(int fd, const struct stat *st)
{
	return has_ledger_shape(fd, st) && (st->st_uid == raw_geteuid() || !st->st_uid);
}

static uint32_t end_of(const _Atomic uint32_t *word)
{
	return atomic_load_explicit(word, memory_order_relaxed);
}

/* A file that was damaged must not lead outside the tables. */
static bool is_ledger(const struct ledger *l)
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
		error = file_is_ours(fd, &st) ? map_as(fd, protection, ledger) : -EPERM;
	raw_close(fd);
	if (error)
		return error;
	if (!is_ledger(*ledger)) {
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

/* A descriptor of some ledger among the kept ones, or -1. */
static int find_kept_fd(int from)
{
	struct stat st;

	for (int fd = from; fd < KEPT_FD + KEPT_FDS; fd++)
		if (raw_fstat(fd, &st) == 0 && has_ledger_shape(fd, &st))
			return fd;
	return -1;
}

/* Whether this process, or one that it comes from, keeps one: an exec need not look for it otherwise. */
static bool keeps_fd, passes_always;

void ledger_pass_always(const struct ledger *ledger)
{
	if (!ledger_keep_fd(ledger))
		passes_always = true;
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
	       raw_syscall4(SYS_newfstatat, AT_FDCWD, ledger->path, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
	       kept.st_dev == there.st_dev && kept.st_ino == there.st_ino;
}

void ledger_pass_fd(const struct ledger *ledger, bool pass)
{
	int fd = keeps_fd ? find_kept_fd(KEPT_FD) : -1;

	if (fd >= 0)
		raw_fcntl(fd, F_SETFD,
			  pass && (passes_always || !path_leads_to(ledger, fd)) ? 0 : FD_CLOEXEC);
}

int ledger_open_passed(const char *path, struct ledger **ledger)
{
	for (int fd = find_kept_fd(KEPT_FD); fd >= 0; fd = find_kept_fd(fd + 1)) {
		if (map_as(fd, PROT_READ | PROT_WRITE, ledger))
			continue;
		if (is_ledger(*ledger) && !strcmp((*ledger)->path, path)) {
			raw_fcntl(fd, F_SETFD, FD_CLOEXEC);
			keeps_fd = true;
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

/* The pid of the maker in a name that begins with `prefix`, or 0. */
static pid_t maker_of(const char *name, const struct fmt *prefix)
{
	int64_t pid = 0;

	if (strncmp(name, prefix->buf, prefix->len) != 0)
		return 0;
	for (name += prefix->len; *name >= '0' && *name <= '9' && pid < INT32_MAX / 10; name++)
		pid = pid * 10 + (*name - '0');
	return *name == '-' ? (pid_t)pid : 0;
}

static bool maker_is_gone(const char *name, const struct fmt *prefix)
{
	pid_t pid = maker_of(name, prefix);

	return pid > 0 && raw_kill(pid, 0) == -ESRCH;
}

bool ledger_name_is_ours(const char *name)
{
	char ours[32];
	struct fmt prefix = FMT_INIT(ours);

	put_prefix(&prefix);
	return maker_of(name, &prefix) > 0;
}

/* Whether the maker died before it had written the header, which it does last. */
static bool was_never_begun(const char *path)
{
	uint32_t magic = 0;
	int fd = raw_open(path, O_RDONLY | O_NOFOLLOW, 0);

	if (fd < 0)
		return false;
	raw_read(fd, &magic, sizeof(magic));
	raw_close(fd);
	return !magic;
}

static void sweep_file(const char *directory, const char *name)
{
	char path[LEDGER_PATH];
	struct fmt f = FMT_INIT(path);
	struct ledger *l;
	bool unused;

	fmt_str(&f, directory);
	fmt_char(&f, '/');
	fmt_str(&f, name);
	if (ledger_open(path, &l)) {
		if (was_never_begun(path))
			raw_unlink(path);
		return;
	}
	unused = slots_is_last(l, LEDGER_NONE);
	ledger_unmap(l);
	if (unused)
		raw_unlink(path);
}

static void sweep_directory(const char *directory)
{
	char buffer[4096] __attribute__((aligned(8)));
	char ours[32];
	struct fmt prefix = FMT_INIT(ours);
	int fd = raw_open(directory, O_RDONLY | O_DIRECTORY, 0);
	long len;

	if (fd < 0)
		return;
	put_prefix(&prefix);
	while ((len = raw_getdents(fd, buffer, sizeof(buffer))) > 0) {
		for (long at = 0; at < len;) {
			const struct raw_directory_entry *e =
				(const struct raw_directory_entry *)(buffer + at);

			if (maker_is_gone(e->name, &prefix))
				sweep_file(directory, e->name);
			at += e->len;
		}
	}
	raw_close(fd);
}

int ledger_create(struct ledger **ledger)
{
	int error = -ENOENT;

	for (size_t i = 0; LEDGER_DIRECTORIES[i]; i++) {
		error = create_in(LEDGER_DIRECTORIES[i], ledger);
		if (!error) {
			sweep_directory(LEDGER_DIRECTORIES[i]);
			return 0;
		}
	}
	return error;
}
