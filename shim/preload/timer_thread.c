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
 */
enum { STACK = 24 << 10, TLS = 4096 };
static char stack[STACK] __attribute__((aligned(64)));
static char thread_area[TLS] __attribute__((aligned(64)));

enum { LAST_RESORT_NS = 500000000, FORGET_NS = 20000, FORGET_TRIES = 500 };

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
static void *make_tls(void)
{
	void **tls = (void **)(void *)(thread_area + TLS / 2);

	tls[0] = tls;
	tls[2] = tls;
	return tls;
}

static void start(void)
{
	static const uint64_t all = ~0ULL;
	unsigned long flags = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
			      CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
	uint64_t mask;
	pid_t tid;

	watchdog_init(&timer.watchdog, member.ledger, member.slot);
	timer.has_own_files = private_files_can_be();
	/* The new thread inherits the mask: no handler of the program may ever run on it. */
	raw_sigmask(SIG_SETMASK, &all, &mask);
	tid = clone_thread(flags, stack + STACK, run, &timer.watchdog, make_tls(), &timer.tid);
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

void timer_thread_arm_backstop(void)
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
	at_ns += LAST_RESORT_NS;
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_SIGNAL;
	event.sigev_signo = SIGKILL;
	memset(&when, 0, sizeof(when));
	when.it_value.tv_sec = at_ns / 1000000000;
	when.it_value.tv_nsec = at_ns % 1000000000;
	if (raw_syscall3(SYS_timer_create, CLOCK_MONOTONIC, &event, &id) == 0)
		raw_syscall4(SYS_timer_settime, id, TIMER_ABSTIME, &when, NULL);
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
	timer_thread_ensure();
	if (timer.needed > 0)
		timer_thread_arm_backstop();
}
