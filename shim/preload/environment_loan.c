/*
 * environment_loan.c - lends a complete `environ`; see environment_loan.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "environment_loan.h"

#include <stdatomic.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/rawsys.h"
#include "environment.h"

static struct {
	_Atomic uint32_t busy; /* a lock for a few instructions; ranks below all others */
	uint32_t users;
	char **own, **lent;
	uint64_t own_mark; /* of the environment that `lent` completes */
} loan;

static void lock(void)
{
	while (atomic_exchange_explicit(&loan.busy, 1, memory_order_acquire))
		raw_sleep_ns(20000);
}

static void unlock(void)
{
	atomic_store_explicit(&loan.busy, 0, memory_order_release);
}

/* Differs between environments unless each entry is at the same place. */
static uint64_t mark_of(char *const *environment)
{
	uint64_t mark = 14695981039346656037ULL;

	for (; environment && *environment; environment++)
		mark = (mark ^ (uintptr_t)*environment) * 1099511628211ULL;
	return mark;
}

/* Return: false if there is no memory; the program then would not have any for a shell either. */
static bool make_complete(void)
{
	struct environment_size size = environment_measure(environ);
	size_t pointer_bytes = size.pointers * sizeof(char *);
	uint64_t mark = mark_of(environ);
	long block;

	if (loan.lent && loan.own_mark == mark)
		return true;
	block = raw_mmap(NULL, pointer_bytes + size.characters, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (raw_is_error(block))
		return false;
	environment_complete(environ, (char **)block, (char *)block + pointer_bytes);
	loan.lent = (char **)block;
	loan.own_mark = mark;
	return true;
}

bool environment_lend(void)
{
	bool lends = true;

	lock();
	if (!loan.users) {
		lends = !environment_is_complete(environ) && make_complete();
		if (lends) {
			loan.own = environ;
			environ = loan.lent;
		}
	}
	loan.users += lends;
	unlock();
	return lends;
}

static void end_loan(void)
{
	/* A thread may have called setenv(), which makes its own copy: that one stays. */
	if (environ == loan.lent)
		environ = loan.own;
	loan.users = 0;
}

void environment_take_back(void)
{
	lock();
	if (loan.users == 1)
		end_loan();
	else
		loan.users--;
	unlock();
}

bool environment_is_lent(void)
{
	return loan.users || atomic_load_explicit(&loan.busy, memory_order_relaxed);
}

void environment_loan_fork(enum fork_side side)
{
	if (side != FORK_CHILD)
		return;
	/* Another thread of the parent held the lock, or had the loan. */
	if (loan.users)
		end_loan();
	unlock();
}
