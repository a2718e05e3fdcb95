/*
 * timer_thread.c - the watchdog's home in a guarded process; see timer_thread.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "timer_thread.h"

#include <errno.h>
#include <linux/prctl.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "backstop.h"
#include "core/accounts.h"
#include "core/attrs.h"
#include "core/clone_thread.h"
#include "core/ledger_file.h"
#include "core/ledger_lock.h"
#include "core/private_files.h"
#include "core/rawsys.h"
#include "core/record.h"
#include "core/slots.h"
#include "core/stacks.h"
#include "core/step_signals.h"
#include "core/tasks.h"
#include "core/tree.h"
#include "core/watchdog.h"
#include "fatal.h"
#include "late_start.h"
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

enum { FORGET_NS = 20000, FORGET_TRIES = 100000 };

static struct {
	struct watchdog watchdog;
	_Atomic int tid;	/* cleared by the kernel when the thread is gone */
	_Atomic int state;	/* enum timer_state */
	int needed;		/* 0: not known yet, 1: yes, -1: no */
	bool is_planned;	/* the kernel calls for it */
	_Atomic bool forbidden; /* to make one would be fatal */
	_Atomic bool has_begun; /* made the calls that it makes once */
} timer;

static struct leader leader; /* as it was found at the first start */

enum timer_state { TIMER_ABSENT, TIMER_STARTING, TIMER_RUNNING, TIMER_PAUSED };

/* The thread pointer: a word that points to itself, as both processors' TLS layouts begin. */
static char *make_tls(void)
{
	uintptr_t lowest = (uintptr_t)room + STACK + TLS_HALF + POINTER_WORDS;
	void **tls = (void **)(((lowest + PAGE - 1) & ~(uintptr_t)(PAGE - 1)) - POINTER_WORDS);

	tls[0] = tls;
	tls[2] = tls;
	return (char *)tls;
}

/* Static, as the thread's own; of the process that walks stacks before a step, for as long as that takes. */
enum { TRACER_STACK = 16 << 10 };
static char tracer_stack[TRACER_STACK] RL_SELDOM __attribute__((aligned(64)));

static pid_t make_tracer(void (*work)(void *), void *argument)
{
	static _Atomic int tid;

	/* No end signal: no wait() of the program's finds it. It shares descriptors, so that none is held
	 * open. */
	return clone_thread(CLONE_VM | CLONE_FILES | CLONE_SETTLS | CLONE_PARENT_SETTID |
				    CLONE_CHILD_CLEARTID,
			    tracer_stack + TRACER_STACK, work, argument, make_tls(), &tid);
}

/* The end of the process, recorded by a thread without libc. */
static void record_end(const struct record_ending *ending)
{
	uint64_t mask;

	record_process_end(member.ledger, member.slot, ending);
	ledger_lock(member.ledger, &mask);
	slots_leave(member.ledger, member.slot);
	ledger_unlock(member.ledger, &mask);
	if (slots_is_last(member.ledger, member.slot))
		ledger_unlink(member.ledger);
}

/*
 * Every thread of the program has ended by itself; ours is the last. The
 * status of the process is what it would have been without us if the first
 * thread was the last: newer kernels take the last one's code, older ones
 * the first one's, and ours ends with that.
 */
static RL_NORETURN void end_abandoned(void)
{
	int status = leader_status();
	struct record_ending ending = {.exit_code = status >> 8 & 0xff, .signal = status & 0x7f};

	record_end(&ending);
	for (;;)
		raw_syscall1(SYS_exit, status >> 8 & 0xff);
}

/* Of timer_thread_end(); written before the errand is asked for. */
static struct record_ending asked_ending;

static void run_errand(void)
{
	record_end(&asked_ending);
	if (asked_ending.signal)
		fatal_finish(asked_ending.signal);
}

bool timer_thread_end(const struct record_ending *ending, bool may_wake)
{
	/* Spinning, because that needs no system call: a second or so, where a look comes every 20 ms. */
	enum { TURNS = 20000000 };
	uint32_t none = ERRAND_NONE;

	if (atomic_load_explicit(&timer.state, memory_order_acquire) != TIMER_RUNNING)
		return false;
	/* Another thread may have ended the process before us. */
	if (!atomic_compare_exchange_strong_explicit(&timer.watchdog.errand, &none, ERRAND_TAKEN,
						     memory_order_acq_rel, memory_order_relaxed))
		return true;
	asked_ending = *ending;
	atomic_store_explicit(&timer.watchdog.errand, ERRAND_ASKED, memory_order_release);
	if (may_wake)
		watchdog_kick(&timer.watchdog, member.pid,
			      atomic_load_explicit(&timer.tid, memory_order_acquire));
	for (int i = 0; i < TURNS; i++) {
		if (atomic_load_explicit(&timer.watchdog.errand, memory_order_acquire) == ERRAND_DONE)
			break;
		raw_cpu_relax();
	}
	return true;
}

void timer_thread_expect_errands(void)
{
	atomic_store_explicit(&timer.watchdog.polls_errands, 1, memory_order_relaxed);
	timer_thread_kick();
}

void timer_thread_expect_leave(bool is_leader)
{
	/* One that only begins now could not find out any more who was the first. */
	if (atomic_load_explicit(&timer.state, memory_order_acquire) != TIMER_RUNNING)
		return;
	atomic_store_explicit(&timer.watchdog.leaving, is_leader ? LEAVING_LEADER : LEAVING_OTHER,
			      memory_order_relaxed);
	timer_thread_kick();
}

void timer_thread_forbid(void)
{
	atomic_store_explicit(&timer.forbidden, true, memory_order_relaxed);
}

static bool is_forbidden(void)
{
	return atomic_load_explicit(&timer.forbidden, memory_order_relaxed);
}

static void run(void *argument)
{
	raw_syscall2(SYS_prctl, PR_SET_NAME, TASKS_WATCHDOG_NAME);
	watchdog_begin(argument);
	stacks_set_maker(make_tracer);
	if (private_files_can_be())
		timer.watchdog.has_own_files = record_take_private_files(member.ledger);
	atomic_store_explicit(&timer.has_begun, true, memory_order_release);
	if (!watchdog_run(argument))
		end_abandoned();
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
	timer.watchdog.comes_late = timer.is_planned;
	timer.is_planned = false;
	timer.watchdog.prepare_end = fatal_prepare;
	timer.watchdog.rehearse_end = fatal_rehearse;
	/* Other threads than the first cannot ask, and what it told once stays true. */
	if (!leader.word || leader.pid != member.pid)
		leader_find(&leader);
	timer.watchdog.leader = leader;
	timer.watchdog.run_errand = run_errand;
	atomic_store_explicit(&timer.has_begun, false, memory_order_relaxed);
	/* The new thread inherits the mask: no handler of the program may ever run on it. */
	raw_sigmask(SIG_SETMASK, &all, &mask);
	tid = clone_thread(flags, tls - TLS_HALF, run, &timer.watchdog, tls, &timer.tid);
	raw_sigmask(SIG_SETMASK, &mask, NULL);
	if (tid > 0)
		atomic_store_explicit(&member.ledger->slot[member.slot].watchdog_tid, tid,
				      memory_order_relaxed);
	atomic_store_explicit(&timer.state, tid > 0 ? TIMER_RUNNING : TIMER_ABSENT, memory_order_release);
	if (tid < 0)
		timer.needed = -1; /* refused once, refused each time: the kernel's timer stays */
}

static uint32_t own_account(void)
{
	return member.ledger->slot[member.slot].account;
}

bool timer_thread_is_outside(void)
{
	return tree_supervisor(member.ledger, own_account()) != 0;
}

static bool is_needed(void)
{
	return !timer_thread_is_outside() && watchdog_is_needed(member.ledger, member.slot);
}

void timer_thread_ensure(void)
{
	int expected = TIMER_ABSENT;

	if (timer.needed < 0 || is_forbidden() ||
	    atomic_load_explicit(&timer.state, memory_order_relaxed) != TIMER_ABSENT)
		return;
	if (!timer.needed)
		timer.needed = is_needed() ? 1 : -1;
	if (timer.needed > 0 &&
	    atomic_compare_exchange_strong_explicit(&timer.state, &expected, TIMER_STARTING,
						    memory_order_acquire, memory_order_relaxed))
		start();
}

void timer_thread_await_begin(void)
{
	for (int i = 0; i < FORGET_TRIES; i++) {
		if (atomic_load_explicit(&timer.state, memory_order_acquire) != TIMER_RUNNING ||
		    atomic_load_explicit(&timer.has_begun, memory_order_acquire))
			return;
		raw_sleep_ns(FORGET_NS);
	}
}

bool timer_thread_is_there(void)
{
	return atomic_load_explicit(&timer.tid, memory_order_acquire) != 0;
}

void timer_thread_kick(void)
{
	timer_thread_ensure();
	if (atomic_load_explicit(&timer.state, memory_order_acquire) == TIMER_RUNNING)
		watchdog_kick(&timer.watchdog, member.pid,
			      atomic_load_explicit(&timer.tid, memory_order_acquire));
	else
		tree_kick_supervisor(member.ledger, own_account());
}

void timer_thread_expect(int64_t at_ns)
{
	static _Atomic int64_t told_ns; /* to the supervisor; any thread writes it */
	int state;

	timer_thread_ensure();
	state = atomic_load_explicit(&timer.state, memory_order_acquire);
	/* One that another thread is just starting may have looked already; any other looks when it starts.
	 */
	if (state == TIMER_RUNNING || state == TIMER_STARTING)
		watchdog_expect(&timer.watchdog, at_ns, member.pid,
				atomic_load_explicit(&timer.tid, memory_order_acquire));
	/* The time stays the same while a spike lasts: to say it once is enough. */
	else if (atomic_exchange_explicit(&told_ns, at_ns, memory_order_relaxed) != at_ns)
		tree_kick_supervisor(member.ledger, own_account());
}

void timer_thread_expect_runner(void)
{
	if (timer.is_planned)
		timer_thread_ensure();
	FOR_EACH_ACCOUNT_UP(member.ledger, member.ledger->slot[member.slot].account, a)
	{
		if (a->limit[RL_CPU] != RL_UNLIMITED) {
			timer_thread_kick();
			return;
		}
	}
}

void timer_thread_expect_stop(void)
{
	stops_expect(&timer.watchdog);
}

void timer_thread_expect_end(void)
{
	atomic_store_explicit(&timer.watchdog.ending, 1, memory_order_release);
}

struct timer_pause timer_thread_pause(void)
{
	struct timer_pause pause = {.was_running = false};
	int planned = TIMER_ABSENT, expected = TIMER_RUNNING;
	pid_t tid = atomic_load_explicit(&timer.tid, memory_order_acquire);

	/* A vfork child shares our memory, but the thread is its parent's. One that ends could not come back.
	 */
	if (!member_is_guarded() || member_is_borrowed() || is_forbidden())
		return pause;
	if (timer.is_planned &&
	    atomic_compare_exchange_strong_explicit(&timer.state, &planned, TIMER_PAUSED,
						    memory_order_acquire, memory_order_relaxed)) {
		pause.was_running = true;
		return pause;
	}
	if (!atomic_compare_exchange_strong_explicit(&timer.state, &expected, TIMER_PAUSED,
						     memory_order_acquire, memory_order_relaxed))
		return pause;
	atomic_store_explicit(&member.ledger->slot[member.slot].watchdog_tid, 0, memory_order_relaxed);
	watchdog_stop(&timer.watchdog, member.pid, tid);
	/*
	 * The tid is cleared a little before the thread leaves its group, which is what unshare() looks at.
	 * On a machine that is very busy this takes a while; a second thread would share the first one's
	 * stack, so none is started unless the first is gone.
	 */
	for (int i = 0; i < FORGET_TRIES && !pause.was_running; i++) {
		pause.was_running = raw_tgkill(member.pid, tid, 0) == -ESRCH;
		if (!pause.was_running)
			raw_sleep_ns(FORGET_NS);
	}
	return pause;
}

void timer_thread_resume(struct timer_pause pause)
{
	if (pause.was_running)
		start();
}

bool timer_thread_arm(const struct newborn *newborn)
{
	if (is_forbidden() || !late_start_plan(newborn->deadline_ns, timer_thread_ensure))
		return false;
	backstop_arm(&newborn->after);
	return true;
}

void timer_thread_fork(enum fork_side side)
{
	const struct newborn *newborn = thread_self.newborn;

	if (side == FORK_PREPARE && newborn && newborn->can_wait)
		late_start_prepare(timer_thread_ensure);
	if (side != FORK_CHILD)
		return;
	newborn = newborn_self();
	/* The thread stayed with the parent; its stack is here and serves the next. */
	atomic_store_explicit(&timer.tid, 0, memory_order_relaxed);
	atomic_store_explicit(&timer.state, TIMER_ABSENT, memory_order_relaxed);
	/* The parent may have been refused one; the child may be elsewhere, or somebody else. */
	timer.needed = newborn->is_watched ? 1 : -1;
	timer.is_planned = newborn->can_wait && member_is_guarded() &&
			   (thread_self.has_timers || timer_thread_arm(newborn));
	/* Who starts it then may be another thread. */
	if (timer.is_planned)
		leader_find(&leader);
	else
		timer_thread_ensure();
	/* Nobody else would. */
	if (member_is_guarded() && atomic_load_explicit(&timer.state, memory_order_relaxed) != TIMER_RUNNING)
		step_signals_pay_owed(member.ledger, member.slot, NULL);
	/* Also where no thread may be made. */
	if (newborn->is_watched && !timer.is_planned && !thread_self.has_timers)
		backstop_arm(&newborn->after);
	/* A process with a budget of its own has deadlines of its own. */
	if (!newborn->is_watched && member_is_guarded() &&
	    member.ledger->account[own_account()].root == member.slot)
		tree_kick_supervisor(member.ledger, own_account());
}
