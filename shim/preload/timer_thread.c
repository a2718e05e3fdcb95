/*
 * timer_thread.c - the watchdog's home in a guarded process; see timer_thread.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "timer_thread.h"

#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "clone_thread.h"
#include "core/accounts.h"
#include "core/attrs.h"
#include "core/breach.h"
#include "core/private_files.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "core/watchdog.h"
#include "member.h"

/*
 * Static, because a mapping with a guard page costs a start 20 us; the watchdog's
 * use of it is bounded: it calls nothing that it does not know.
 * libc code reached by accident, such as a stack protector, reads thread-local
 * words through the thread pointer: it finds zeros and a pointer to itself.
 *
 *   room | stack, STACK bytes | TLS_HALF | thread pointer, TLS_HALF bytes |
 *
 * The pointer's word is the last of a page, so that the stack's first 2 KiB,
 * all that a look at the clocks needs, lie on that page too: a page more is
 * 3 us more for each start.
 */
enum { STACK = 24 << 10, TLS_HALF = 2048, POINTER_WORDS = 64, PAGE = 4096 };
static char room[STACK + 2 * TLS_HALF + PAGE] RL_SELDOM;

enum { FORGET_NS = 20000, FORGET_TRIES = 500 };

static struct {
	struct watchdog watchdog;
	_Atomic int tid;    /* cleared by the kernel when the thread is gone */
	_Atomic int state;  /* enum timer_state */
	int needed;	    /* 0: not known yet, 1: yes, -1: no */
	bool has_own_files; /* or may have, where the kernel allows it */
} timer;

enum timer_state { TIMER_ABSENT, TIMER_STARTING, TIMER_RUNNING, TIMER_PAUSED };

static void run(void *argument)
{
	if (timer.has_own_files && private_files_begin())
		record_carry(member.ledger);
	watchdog_run(argument);
}

/* The thread pointer: a word that points to itself, as both processors' TLS layouts begin. */
static char *make_tls(void)
{
	uintptr_t lowest = (uintptr_t)room + STACK + TLS_HALF + POINTER_WORDS;
	void **tls = (void **)(((lowest + PAGE - 1) & ~(uintptr_t)(PAGE - 1)) - POINTER_WORDS);

	tls[0] = tls;
	tls[2] = tls;
	return (char *)tls;
}

static void start(void)
{
	static const uint64_t all = ~0ULL;
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	uint64_t mask;
	char *tls = make_tls();
	pid_t tid;

	watchdog_init(&timer.watchdog, member.ledger, member.slot);
	timer.has_own_files = private_files_can_be();
	/* The new thread inherits the mask: no handler of the program may ever run on it. */
	raw_sigmask(SIG_SETMASK, &all, &mask);
	tid = clone_thread(flags, tls - TLS_HALF, run, &timer.watchdog, tls, &timer.tid);
	raw_sigmask(SIG_SETMASK, &mask, NULL);
	atomic_store_explicit(&timer.state, tid > 0 ? TIMER_RUNNING : TIMER_ABSENT, memory_order_release);
	if (tid < 0)
		timer.needed = -1; /* refused once, refused each time: the kernel's timer stays */
}

void timer_thread_ensure(void)
{
	int expected = TIMER_ABSENT;

	if (timer.needed < 0 || atomic_load_explicit(&timer.state, memory_order_relaxed) != TIMER_ABSENT)
		return;
	if (!timer.needed)
		timer.needed = watchdog_is_needed(member.ledger, member.slot) ? 1 : -1;
	if (timer.needed > 0 &&
	    atomic_compare_exchange_strong_explicit(&timer.state, &expected, TIMER_STARTING,
						    memory_order_acquire, memory_order_relaxed))
		start();
}

bool timer_thread_is_there(void)
{
	return atomic_load_explicit(&timer.tid, memory_order_acquire) != 0;
}

void timer_thread_kick(void)
{
	timer_thread_ensure();
	if (atomic_load_explicit(&timer.state, memory_order_acquire) == TIMER_RUNNING)
		watchdog_kick(&timer.watchdog);
}

void timer_thread_expect(int64_t at_ns)
{
	int state;

	timer_thread_ensure();
	state = atomic_load_explicit(&timer.state, memory_order_acquire);
	/* One that another thread is just starting may have looked already; any other looks when it starts.
	 */
	if (state == TIMER_RUNNING || state == TIMER_STARTING)
		watchdog_expect(&timer.watchdog, at_ns);
}

void timer_thread_expect_runner(void)
{
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		if (a->limit[RL_CPU] != RL_UNLIMITED) {
			timer_thread_kick();
			return;
		}
	}
}

struct timer_pause timer_thread_pause(void)
{
	struct timer_pause pause = {.was_running = false};
	int expected = TIMER_RUNNING;
	pid_t tid = atomic_load_explicit(&timer.tid, memory_order_acquire);

	/* A vfork child shares our memory, but the thread is its parent's. */
	if (!member_is_guarded() || member_is_borrowed())
		return pause;
	if (!atomic_compare_exchange_strong_explicit(&timer.state, &expected, TIMER_PAUSED,
						     memory_order_acquire, memory_order_relaxed))
		return pause;
	pause.was_running = true;
	watchdog_stop(&timer.watchdog);
	/* The tid is cleared a little before the thread leaves its group, which is what unshare() looks at.
	 */
	for (int i = 0; i < FORGET_TRIES && raw_tgkill(member.pid, tid, 0) != -ESRCH; i++)
		raw_sleep_ns(FORGET_NS);
	return pause;
}

void timer_thread_resume(struct timer_pause pause)
{
	if (pause.was_running)
		start();
}

/*
 * Leaves a SIGKILL with the kernel for that long after the last step of the
 * wall limit: the record is written before the first process is killed, and if
 * the lock's owner is stopped, both take their time.
 */
enum { FIRST_BEHIND_NS = 500000000, CHILD_BEHIND_NS = 200000000 };

static void arm_backstop(int64_t behind_ns)
{
	struct sigevent event;
	struct itimerspec when;
	int64_t at_ns = INT64_MAX;
	int id;

	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		int64_t last_ns = breach_last_step_ns(a);

		at_ns = last_ns < at_ns ? last_ns : at_ns;
	}
	if (at_ns > RL_LIMIT_MAX)
		return;
	at_ns += behind_ns;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGKILL;
	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = at_ns / 1000000000;
	when.it_value.tv_nsec = at_ns % 1000000000;
	if (raw_syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0)
		raw_syscall4(SYS_timer_settime, id, TIMER_ABSTIME, &when, NULL);
}

/*
 * Whether a child can do without a thread until it first allocates. Between
 * fork and exec few do, and the thread would take a third of the fork's time
 * in vain. Until then its parent's thread ends it with the tree;
 * should that be gone too, the kernel's SIGKILL at the last step.
 */
static bool backstop_stands_in(void)
{
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		for (int i = 0; i < RL_LIMIT_COUNT; i++)
			if (watchdog_minds(a, i) && (i != RL_WALL || breach_last_step_ns(a) == INT64_MAX))
				return false;
	}
	return true;
}

/* Whether an account was opened for this process: it then writes a record, and may be all that there is. */
static bool is_first(void)
{
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	if (a->root == member.slot)
		return true;
	return false;
}

void timer_thread_begin(void)
{
	bool first = is_first();

	if (first || !backstop_stands_in())
		timer_thread_ensure();
	arm_backstop(first ? FIRST_BEHIND_NS : CHILD_BEHIND_NS);
}

void timer_thread_fork(enum fork_side side)
{
	if (side != FORK_CHILD)
		return;
	/* The thread stayed with the parent; its stack is here and serves the next. */
	atomic_store_explicit(&timer.tid, 0, memory_order_relaxed);
	atomic_store_explicit(&timer.state, TIMER_ABSENT, memory_order_relaxed);
	/* The parent may have been refused one; the child may be elsewhere, or somebody else. */
	timer.needed = 0;
	/* An atfork handler may have allocated: the moment to wait for has passed. */
	if (!backstop_stands_in() || thread_self.phase == THREAD_ATTACHED)
		timer_thread_ensure();
	arm_backstop(CHILD_BEHIND_NS);
}
