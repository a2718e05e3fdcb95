/*
 * leash.c - when the supervisor dies, the kernel kills its tree; see leash.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "leash.h"

#include <errno.h>
#include <stdatomic.h>

#include "accounts.h"
#include "fmt.h"
#include "leash_socket.h"
#include "procfs.h"
#include "procread.h"
#include "rawsys.h"

enum {
	HIGH_FD = 680, /* above what programs hand out or compare */
	HIGH_FDS = 2,  /* where else it may be, if the program has its own there */
};

static void put_fd_path(struct fmt *f, pid_t pid, int fd)
{
	procread_put_path(f, pid, "fd/");
	fmt_int(f, fd);
}

int leash_open(pid_t holder, int fd, pid_t pid)
{
	char path[48];
	struct fmt f = FMT_INIT(path);
	int leash;

	put_fd_path(&f, holder, fd);
	leash = raw_open(path, O_RDONLY | O_NONBLOCK, 0);
	if (leash < 0)
		return leash;
	raw_fcntl(leash, F_SETOWN, pid);
	raw_fcntl(leash, F_SETSIG, SIGKILL);
	raw_fcntl(leash, F_SETFL, O_RDONLY | O_NONBLOCK | O_ASYNC);
	return leash;
}

void leash_release(int leash)
{
	/* The supervisor's death may come between two calls, and closes them in any order. */
	raw_fcntl(leash, F_SETFL, O_RDONLY | O_NONBLOCK);
	raw_close(leash);
}

static const struct account *supervised_account(const struct ledger *ledger, uint32_t slot)
{
	FOR_EACH_ACCOUNT_UP(ledger, ledger->slot[slot].account, a)
	if (atomic_load_explicit(&a->supervisor, memory_order_relaxed))
		return a;
	return NULL;
}

bool leash_is_due(const struct ledger *ledger, uint32_t slot)
{
	const struct account *a = supervised_account(ledger, slot);

	return a && a->leash_fd;
}

static int move_up(int leash, int old)
{
	int high;

	/* The program may have closed it, and have another file there. */
	if (old >= 0 && raw_fcntl(old, F_GETSIG, 0) == SIGKILL &&
	    raw_syscall3(SYS_dup3, leash, old, O_CLOEXEC) >= 0)
		high = old;
	else
		high = raw_fcntl(leash, F_DUPFD_CLOEXEC, HIGH_FD);
	raw_close(leash);
	return high < 0 ? -1 : high;
}

/* A dying one's descriptors are gone before it is; a living one's can be out of reach. */
static bool is_dying(const struct account *a)
{
	pid_t supervisor = atomic_load_explicit(&a->supervisor, memory_order_relaxed);

	return supervisor && procfs_is_ending(supervisor);
}

/* No writing end is left: it was closed before we had asked for the signal. */
static bool is_cut(int leash)
{
	char byte;

	return raw_read(leash, &byte, 1) == 0;
}

int leash_take(const struct ledger *ledger, uint32_t slot, int old, bool sends)
{
	const struct account *a = supervised_account(ledger, slot);
	int leash;

	/* In another pid namespace the supervisor's number means nothing, and its own leash does. */
	if (!a || atomic_load_explicit(&ledger->home_namespace, memory_order_relaxed))
		return old;
	leash = leash_open(atomic_load_explicit(&a->supervisor, memory_order_relaxed), a->leash_fd - 1,
			   raw_getpid());
	if (leash < 0 ? is_dying(a) : is_cut(leash))
		raw_kill(raw_getpid(), SIGKILL);
	if (leash >= 0 && sends)
		leash_socket_send(ledger, a, slot, leash);
	return leash < 0 ? -1 : move_up(leash, old);
}

bool leash_is_missing(const struct ledger *ledger, uint32_t slot)
{
	const struct slot *s = &ledger->slot[slot];

	return atomic_load_explicit(&s->leashed, memory_order_relaxed) !=
	       atomic_load_explicit(&s->pid, memory_order_relaxed);
}

/* Which pipe a process has there. Return: its number in the kernel, or 0. */
static uint64_t pipe_at(pid_t pid, int fd)
{
	char path[48];
	struct fmt f = FMT_INIT(path);
	struct stat st;

	put_fd_path(&f, pid, fd);
	return raw_stat(path, &st, 0) == 0 && S_ISFIFO(st.st_mode) ? st.st_ino : 0;
}

int leash_count_in(const struct ledger *ledger, uint32_t slot, pid_t pid)
{
	const struct account *a = supervised_account(ledger, slot);
	uint64_t leash =
		a && a->leash_fd
			? pipe_at(atomic_load_explicit(&a->supervisor, memory_order_relaxed), a->leash_fd - 1)
			: 0;
	int count = 0;

	for (int fd = HIGH_FD; leash && fd < HIGH_FD + HIGH_FDS; fd++)
		count += pipe_at(pid, fd) == leash;
	return count;
}
