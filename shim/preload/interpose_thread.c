/*
 * interpose_thread.c - pthread_create and thrd_create.
 *
 * Owns:    the key whose destructor gives a thread's place and cell back.
 * Called:  any thread, also before main; the destructor on the way out of a
 *          thread: return, pthread_exit, cancellation.
 * Context: may take the ledger's lock; never allocates; a signal handler may run
 *          in the middle but may not create threads (POSIX). A vfork child may
 *          not either.
 * Fork:    the child's slot counts no thread beside its first; thread_fork().
 *
 * The place is reserved before the thread exists and travels to it in its
 * cell. It is given back, or left to the next thread (vacancy.h), in the last round of
 * destructors, so that a joiner always finds it free, and destructors that
 * allocate still have a cell.
 *
 * SPDX-License-Identifier: MIT
 */
#include "interpose_thread.h"

#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdint.h>

#include "core/breach.h"
#include "core/cells.h"
#include "core/ledger_lock.h"
#include "core/slots.h"
#include "core/vacancy.h"
#include "kept.h"
#include "member.h"
#include "raw_threads.h"
#include "real.h"
#include "timer_thread.h"

static pthread_key_t end_key;
static RL_THREAD_LOCAL int end_rounds;
/* Whether the key says so: a forked child need not ask libc, which costs it a page. */
static RL_THREAD_LOCAL bool is_counted;
/* Whether it has given its place back, and so is at its very end. */
static RL_THREAD_LOCAL bool has_left;

/* Values of end_key: whether the thread has a place to give back beside its cell. */
static char uncounted, counted;

/* What libc believes the calling thread's number to be, which it tells without a system call. */
static pid_t believed_tid(void)
{
	clockid_t clock;

	return pthread_getcpuclockid(pthread_self(), &clock) ? 0 : raw_tid_of_cpu_clock(clock);
}

static void forget_cell(void)
{
	thread_self.cell = thread_self.fast = NULL;
	thread_self.phase = THREAD_ENDED;
}

static void give_back(struct cell *cell, bool has_place)
{
	uint64_t mask;

	ledger_lock(member.ledger, &mask);
	if (cell)
		cells_retire_locked(member.ledger, member.slot, cell);
	if (has_place)
		slots_end_thread(member.ledger, member.slot);
	ledger_unlock(member.ledger, &mask);
}

static bool leave_vacant(struct cell *cell)
{
	if (!vacancy_is_wanted(member.ledger, member.slot))
		return false;
	cells_return_credit(member.ledger, member.slot, cell);
	return vacancy_leave(member.ledger, member.slot, cell);
}

/* From here on what a handler or another destructor charges or frees goes by the lock. */
static void leave(bool has_place)
{
	struct cell *cell = thread_self.cell;

	/* In a child that libc was not told of, place and cell are those of the parent's thread. */
	if (believed_tid() != raw_gettid())
		return;
	forget_cell();
	if (!has_place || !cell || !leave_vacant(cell))
		give_back(cell, has_place);
	has_left = has_place;
}

bool thread_is_counted(void)
{
	return is_counted;
}

bool thread_has_left(void)
{
	return has_left;
}

static void end_thread(void *value)
{
	/* Other destructors may run after this one, until the last round. */
	if (++end_rounds < PTHREAD_DESTRUCTOR_ITERATIONS) {
		pthread_setspecific(end_key, value);
		return;
	}
	if (member_is_guarded()) {
		kept_give_back();
		leave(value == &counted);
	}
}

int thread_make_key(void)
{
	return -pthread_key_create(&end_key, end_thread);
}

void thread_fork(enum fork_side side)
{
	if (side != FORK_CHILD || !is_counted)
		return;
	has_left = false;
	is_counted = false;
	pthread_setspecific(end_key, &uncounted);
}

void thread_return_cell_at_end(void)
{
	/* The first thread ends with its process; glibc's first keys need no memory. */
	if (raw_gettid() != member.pid && !pthread_getspecific(end_key))
		pthread_setspecific(end_key, &uncounted);
}

/*
 * A place and a cell for a new thread, or NULL; then *by_limit tells whether
 * it was the limit, and not a full table or a tree that is being killed.
 * Under the lock.
 */
static struct cell *reserve_locked(struct sweep *sweep, bool *by_limit)
{
	struct cell *cell;

	*by_limit = false;
	if (breach_is_killing(member.ledger, member.ledger->slot[member.slot].account))
		return NULL;
	*by_limit = !slots_reserve_thread(member.ledger, member.slot, sweep);
	if (*by_limit)
		return NULL;
	cell = cells_attach_locked(member.ledger, member.slot);
	if (!cell) {
		slots_withdraw_thread(member.ledger, member.slot);
		sweep_wish(member.ledger, sweep, SWEEP_ALL); /* the dead have cells */
	}
	return cell;
}

static struct cell *reserve_anew(const char *call, const void *caller)
{
	struct sweep sweep = {0};
	struct cell *cell;
	bool by_limit;
	uint64_t mask;

	do {
		ledger_lock(member.ledger, &mask);
		cell = reserve_locked(&sweep, &by_limit);
		if (!cell && raw_threads_sweep())
			cell = reserve_locked(&sweep, &by_limit);
		ledger_unlock(member.ledger, &mask);
	} while (!cell && sweep_if_wished(member.ledger, &sweep));
	if (!cell && by_limit)
		member_note_denial(RL_THREADS, call, 0, caller);
	return cell;
}

/* What a new thread needs, and whether it is that of one that has ended. */
struct reservation {
	struct cell *cell; /* NULL: refused */
	bool was_vacant;
};

static struct reservation reserve(const char *call, void *(*start)(void *), void *argument,
				  const void *caller)
{
	struct reservation r = {NULL, true};

	member_become_child_early();
	if (!breach_is_killing(member.ledger, member.ledger->slot[member.slot].account))
		r.cell = vacancy_take(member.ledger, member.slot);
	if (!r.cell)
		r = (struct reservation){reserve_anew(call, caller), false};
	if (r.cell) {
		r.cell->start = start;
		r.cell->argument = argument;
	}
	return r;
}

static void unreserve(struct reservation r)
{
	uint64_t mask;

	if (r.was_vacant) {
		if (!vacancy_leave(member.ledger, member.slot, r.cell))
			give_back(r.cell, true);
		return;
	}
	ledger_lock(member.ledger, &mask);
	cells_retire_locked(member.ledger, member.slot, r.cell);
	slots_withdraw_thread(member.ledger, member.slot);
	ledger_unlock(member.ledger, &mask);
}

static void *take_up(struct cell *cell, void *(**start)(void *))
{
	thread_self.cell = cell;
	thread_self.phase = THREAD_ATTACHED;
	is_counted = true;
	pthread_setspecific(end_key, &counted);
	*start = cell->start;
	return cell->argument;
}

static void *run_pthread(void *cell)
{
	void *(*start)(void *);
	void *argument = take_up(cell, &start);

	return start(argument);
}

/* thrd_start_t returns int; the cell carries it as the other kind. */
static int run_thrd(void *cell)
{
	void *(*start)(void *);
	void *argument = take_up(cell, &start);

	return ((thrd_start_t)(uintptr_t)start)(argument);
}

RL_EXPORT int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start)(void *),
			     void *argument)
{
	struct reservation r;
	int error;

	real_ensure();
	if (!member_is_guarded())
		return real.pthread_create(thread, attr, start, argument);
	r = reserve("pthread_create", start, argument, __builtin_return_address(0));
	if (!r.cell)
		return EAGAIN;
	error = real.pthread_create(thread, attr, run_pthread, r.cell);
	if (error) {
		member_note_kernel_refusal("pthread_create", error);
		unreserve(r);
	} else {
		timer_thread_expect_runner();
	}
	return error;
}

RL_EXPORT int thrd_create(thrd_t *thread, thrd_start_t start, void *argument)
{
	struct reservation r;
	int error;

	real_ensure();
	if (!member_is_guarded())
		return REAL_LATE(thrd_create)(thread, start, argument);
	r = reserve("thrd_create", (void *(*)(void *))(uintptr_t)start, argument,
		    __builtin_return_address(0));
	if (!r.cell)
		return thrd_nomem;
	error = REAL_LATE(thrd_create)(thread, run_thrd, r.cell);
	if (error != thrd_success) {
		member_note_kernel_refusal("thrd_create", EAGAIN);
		unreserve(r);
	} else {
		timer_thread_expect_runner();
	}
	return error;
}
