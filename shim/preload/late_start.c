/*
 * late_start.c - a forked child's watchdog, called for by the kernel; see late_start.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "late_start.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#include "core/rawsys.h"
#include "fatal.h"
#include "kernel_action.h"
#include "kernel_timer.h"
#include "member.h"
#include "resume_call.h"

enum {
	PASSER_BY_NS = 4000000, /* of processor time */
	BEHIND_DEADLINE_NS = 5000000,
};

typedef void detailed_handler(int, siginfo_t *, void *);

/* What a timer's signal tells it by: its address. */
static char has_stayed, is_overdue;

static struct {
	struct kernel_action before; /* libc's, or none */
	void (*start)(void);
	_Atomic bool forbidden; /* any thread writes it, before a child that reads it is made */
} late;

/* Somebody else's signal: as if we were not there. */
static void pass_on(int signal, siginfo_t *info, void *context)
{
	if (late.before.handler == SIG_IGN)
		return;
	if (late.before.handler == SIG_DFL) {
		fatal_finish(signal); /* blocked until this handler returns */
	} else if (late.before.flags & SA_SIGINFO) {
		((detailed_handler *)(void *)late.before.handler)(signal, info, context);
	} else {
		late.before.handler(signal);
	}
}

static void on_signal(int signal, siginfo_t *info, void *context)
{
	static const uint64_t set = 1ULL << (LATE_START_SIGNAL - 1);
	const char *teller = info->si_code == SI_TIMER ? info->si_value.sival_ptr : NULL;

	if (teller != &has_stayed && teller != &is_overdue) {
		pass_on(signal, info, context);
		return;
	}
	if (thread_self.is_busy) {
		thread_self.was_called = true;
		return;
	}
	member_grow_up();
	/* The thread is there, and a filter may kill for what follows. */
	if (atomic_load_explicit(&late.forbidden, memory_order_relaxed))
		return;
	late.start();
	/* The other one interrupts no call: an EINTR that is found there is the program's. */
	if (teller != &is_overdue)
		return;
	/* libc's own use of the signal must not wait for a call that goes on. */
	raw_sigmask(SIG_UNBLOCK, &set, NULL);
	resume_call(context);
}

/* Notes what is there and is not ours, or a parent's, whose memory is ours. */
static void note_before(const struct kernel_action *old)
{
	if (old->handler != (void (*)(int))(void *)on_signal && memcmp(&late.before, old, sizeof(*old)) != 0)
		late.before = *old;
}

static void note_start(void (*start)(void))
{
	if (late.start != start)
		late.start = start;
}

void late_start_prepare(void (*start)(void))
{
	struct kernel_action old;

	if (!atomic_load_explicit(&late.forbidden, memory_order_relaxed) &&
	    kernel_action_set(LATE_START_SIGNAL, NULL, &old) == 0)
		note_before(&old);
	note_start(start);
}

static bool take_signal(void)
{
	struct kernel_action own, old;

	if (kernel_action_set(LATE_START_SIGNAL, NULL, &old))
		return false;
	note_before(&old);
	own = late.before;
	own.handler = (void (*)(int))(void *)on_signal;
	own.flags |= SA_SIGINFO | SA_RESTART | SA_ONSTACK | KERNEL_ACTION_HAS_RESTORER;
	own.restorer = kernel_signal_return;
	return kernel_action_set(LATE_START_SIGNAL, &own, NULL) == 0;
}

bool late_start_plan(int64_t deadline_ns, void (*start)(void))
{
	struct sigevent event;

	if (atomic_load_explicit(&late.forbidden, memory_order_relaxed) || !take_signal())
		return false;
	note_start(start);
	memset(&event, 0, sizeof(event));
	event.sigev_notify = SIGEV_THREAD_ID;
	event._sigev_un._tid = raw_gettid();
	event.sigev_signo = LATE_START_SIGNAL;
	event.sigev_value.sival_ptr = &has_stayed;
	if (!kernel_timer_arm_in(CLOCK_THREAD_CPUTIME_ID, PASSER_BY_NS, &event))
		return false;
	event.sigev_value.sival_ptr = &is_overdue;
	return deadline_ns == INT64_MAX ||
	       kernel_timer_arm(CLOCK_MONOTONIC, deadline_ns + BEHIND_DEADLINE_NS, &event);
}

void late_start_forbid(void)
{
	atomic_store_explicit(&late.forbidden, true, memory_order_relaxed);
}
