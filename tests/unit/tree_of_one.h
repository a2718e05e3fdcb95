/*
 * tree_of_one.h - a ledger whose first process is the test itself, and what tests do with it.
 *
 * Owns:    `ledger`, until tree_end(), every test's teardown.
 * Called:  tests/unit/test_*.c that look at the ledger from inside.
 * Context: one thread, unless said otherwise.
 * Fork:    spawn() makes children that are members; others only inherit the mapping.
 *
 * SPDX-License-Identifier: MIT
 */
#ifndef RL_TEST_TREE_OF_ONE_H
#define RL_TEST_TREE_OF_ONE_H

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/accounts.h"
#include "core/cells.h"
#include "core/config.h"
#include "core/denial.h"
#include "core/leases.h"
#include "core/ledger_file.h"
#include "core/ledger_lock.h"
#include "core/procfs.h"
#include "core/rawsys.h"
#include "core/slots.h"

#define KIB INT64_C(1024)
#define MIB INT64_C(1048576)
#define MS  INT64_C(1000000)

static struct ledger *ledger;
static uint32_t self_slot;

static inline struct config limits(int64_t mem, int64_t procs)
{
	struct config config;

	config_defaults(&config);
	config.limit[RL_MEM] = mem;
	config.limit[RL_PROCS] = procs;
	config_finish(&config);
	return config;
}

/* MEM may be exceeded, up to `hard`, for that long. */
static inline struct config spiky(int64_t mem, int64_t hard, int64_t grace_ns)
{
	struct config config;

	config_defaults(&config);
	config.limit[RL_MEM] = mem;
	config.mem_hard = hard;
	config.mem_grace_ns = grace_ns;
	config.action[RL_MEM].count = 1;
	config.action[RL_MEM].step[0].signal = SIGTERM;
	config_finish(&config);
	return config;
}

/* A tree of one process: this one. Return: its account. */
static inline struct account *begin_as(const struct config *config)
{
	uint64_t mask;

	assert_int_equal(ledger_create(&ledger), 0);
	ledger_lock(ledger, &mask);
	self_slot = slots_open(ledger, LEDGER_NONE);
	slots_bind_self(ledger, self_slot);
	ledger->slot[self_slot].account =
		accounts_open(ledger, LEDGER_NONE, self_slot, config, ACCOUNT_WHOLE);
	accounts_add_procs(ledger, ledger->slot[self_slot].account, 1);
	ledger_unlock(ledger, &mask);
	leases_register_fence(ledger);
	return &ledger->account[ledger->slot[self_slot].account];
}

static inline void begin(int64_t mem, int64_t procs)
{
	struct config config = limits(mem, procs);

	begin_as(&config);
}

/* With spiky() limits. Return: the account. */
static inline struct account *begin_spiky(int64_t mem, int64_t hard, int64_t grace_ns)
{
	struct config config = spiky(mem, hard, grace_ns);

	return begin_as(&config);
}

/* With a budget of bytes. Return: the cell of its only thread. */
static inline struct cell *begin_thread(int64_t mem)
{
	begin(mem, RL_UNLIMITED);
	return cells_attach(ledger, self_slot);
}

/* The same where membarrier is refused, so that cells have fences of their own. */
static inline struct cell *begin_fenced_thread(int64_t mem)
{
	begin(mem, RL_UNLIMITED);
	atomic_store(&ledger->fenced, 1);
	return cells_attach(ledger, self_slot);
}

static inline int end(void **state)
{
	(void)state;
	if (ledger) {
		ledger_unlink(ledger);
		ledger_unmap(ledger);
	}
	ledger = NULL;
	return 0;
}

static inline int charge(uint32_t slot, struct cell *cell, int64_t n)
{
	if (!cell_covers(cell, (size_t)n))
		return cells_charge_short(ledger, slot, cell, n);
	return cell_charge(cell, n) ? 0 : cells_settle_charge(ledger, slot, cell, n);
}

static inline void refund(uint32_t slot, struct cell *cell, int64_t n)
{
	if (!cell_refund(cell, n))
		cells_settle_refund(ledger, slot, cell);
}

static inline bool is_above(const struct account *a)
{
	return atomic_load(&a->above_since_ns) != 0;
}

/* A request for n bytes was refused. */
static inline void deny(int64_t n)
{
	struct denial denial = {.limit = RL_MEM, .call = "malloc", .amount = n};

	denial_note(ledger, self_slot, &denial, false);
}

static inline void expect_sums_are_exact(void)
{
	struct account before[8], *now = ledger->account;
	uint64_t mask;

	ledger_lock(ledger, &mask);
	memcpy(before, now, sizeof(before));
	accounts_recompute(ledger);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(now[i].leased, before[i].leased);
		assert_int_equal(now[i].threads, before[i].threads);
		assert_int_equal(now[i].procs, before[i].procs);
	}
	ledger_unlock(ledger, &mask);
}

/* A place for a child of `parent`, as a program asks for it: with a sweep if that may help. Without the lock.
 */
static inline uint32_t reserve(uint32_t parent, bool *full)
{
	struct sweep sweep = {0};
	uint32_t slot;
	uint64_t mask;

	do {
		ledger_lock(ledger, &mask);
		slot = slots_reserve(ledger, parent, &sweep, full);
		ledger_unlock(ledger, &mask);
	} while (sweep_if_wished(ledger, &sweep));
	return slot;
}

/* A member of another pid namespace, where it has the number that we have here. Return: its slot. */
static inline struct slot *make_namesake(void)
{
	struct slot *s;
	uint32_t slot;
	uint64_t mask;
	bool full;

	slot = reserve(self_slot, &full);
	assert_int_not_equal(slot, LEDGER_NONE);
	ledger_lock(ledger, &mask);
	s = &ledger->slot[slot];
	s->pid_namespace = 4711;
	slots_bind(ledger, slot, getpid());
	ledger_unlock(ledger, &mask);
	return s;
}

/* A child with a slot of its own that runs `body` and ends, or is killed by it. */
static inline pid_t spawn(void (*body)(uint32_t slot, void *arg), void *arg, uint32_t *slot)
{
	uint64_t mask;
	bool full;
	pid_t pid;

	*slot = reserve(self_slot, &full);
	assert_int_not_equal(*slot, LEDGER_NONE);
	pid = fork();
	if (pid == 0) {
		alarm(20);
		ledger_lock(ledger, &mask);
		slots_bind(ledger, *slot, getpid());
		ledger_unlock(ledger, &mask);
		body(*slot, arg);
		_exit(0);
	}
	/* As fork() does: a child that is killed before it has bound its place is known by its pid. */
	ledger_lock(ledger, &mask);
	slots_bind(ledger, *slot, pid);
	ledger_unlock(ledger, &mask);
	return pid;
}

/* In the body of spawn_until_ready(): it has come as far as its parent waits for. */
static inline void tell_ready(void *arg)
{
	if (write(*(int *)arg, "x", 1) != 1)
		_exit(2);
}

/* As spawn(), and returns when the child has told that it is ready. */
static inline pid_t spawn_until_ready(void (*body)(uint32_t slot, void *arg), uint32_t *slot)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = spawn(body, &ready[1], slot);
	close(ready[1]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	return pid;
}

/* A body for spawn(): has *arg bytes when it is killed. */
static inline void hold_and_die(uint32_t slot, void *arg)
{
	cells_charge_direct(ledger, slot, *(int64_t *)arg);
	kill(getpid(), SIGKILL);
}

/* Returns when the child is dead. It stays a zombie until reap(). */
static inline void await_death(pid_t pid)
{
	assert_int_equal(waitid(P_PID, (id_t)pid, &(siginfo_t){0}, WEXITED | WNOWAIT), 0);
}

static inline int reap(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* A number that was a process's. */
static inline pid_t dead_pid(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	reap(pid);
	return pid;
}

#define LEDGER_TEST(f) cmocka_unit_test_teardown(f, end)

#endif
