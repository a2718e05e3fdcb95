/*
 * stacks_process.c - a short-lived process that may trace the group that it came from; see stacks_look.h.
 *
 * SPDX-License-Identifier: MIT
 */
#include "stacks_look.h"

#include <linux/prctl.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "procread.h"
#include "rawsys.h"

enum { REAP_NS = 5000000, REAP_LOOK_NS = 50000 };

static struct {
	struct look *look;
	_Atomic uint32_t go;	   /* it may begin; written by who made it */
	_Atomic uint32_t finished; /* written by the process itself */
} apart;

static _Atomic long programs_tracer; /* 0: none */

void stacks_remember_tracer(long tracer)
{
	atomic_store_explicit(&programs_tracer, tracer, memory_order_relaxed);
}

static void work(void *unused)
{
	(void)unused;
	/* Whatever becomes of who waits, nothing stays stopped, and nothing stays. */
	raw_syscall2(SYS_prctl, PR_SET_PDEATHSIG, SIGKILL);
	while (!atomic_load_explicit(&apart.go, memory_order_acquire) &&
	       raw_clock_ns(CLOCK_MONOTONIC) < apart.look->until_ns)
		raw_futex_wait_until(&apart.go, 0, apart.look->until_ns, RAW_FUTEX_PRIVATE);
	stacks_walk(apart.look);
	atomic_store_explicit(&apart.finished, 1, memory_order_release);
	raw_futex_wake(&apart.finished, 1, RAW_FUTEX_PRIVATE);
}

char stacks_tracing_scope(void)
{
	char scope[2];

	return procread_file("/proc/sys/kernel/yama/ptrace_scope", scope, sizeof(scope)) > 0 ? scope[0]
											     : '\0';
}

static void reap(pid_t pid)
{
	int64_t until_ns = raw_clock_ns(CLOCK_MONOTONIC) + REAP_NS;

	while (raw_syscall4(SYS_wait4, pid, NULL, WNOHANG | __WALL, NULL) == 0 &&
	       raw_clock_ns(CLOCK_MONOTONIC) < until_ns)
		raw_sleep_ns(REAP_LOOK_NS);
}

void stacks_walk_apart(struct look *look, stacks_make_process *maker)
{
	bool named;
	pid_t pid;

	apart.look = look;
	atomic_store_explicit(&apart.go, 0, memory_order_relaxed);
	atomic_store_explicit(&apart.finished, 0, memory_order_relaxed);
	look->may_trace = true;
	pid = maker ? maker(work, NULL) : -1;
	if (pid < 0) {
		look->may_trace = false;
		stacks_walk(look);
		return;
	}
	named = stacks_tracing_scope() == '1';
	if (named)
		raw_syscall2(SYS_prctl, PR_SET_PTRACER, pid);
	atomic_store_explicit(&apart.go, 1, memory_order_release);
	raw_futex_wake(&apart.go, 1, RAW_FUTEX_PRIVATE);
	while (!atomic_load_explicit(&apart.finished, memory_order_acquire) &&
	       raw_clock_ns(CLOCK_MONOTONIC) < look->until_ns)
		raw_futex_wait_until(&apart.finished, 0, look->until_ns, RAW_FUTEX_PRIVATE);
	if (!atomic_load_explicit(&apart.finished, memory_order_acquire))
		raw_kill(pid, SIGKILL);
	reap(pid);
	if (named)
		raw_syscall2(SYS_prctl, PR_SET_PTRACER,
			     atomic_load_explicit(&programs_tracer, memory_order_relaxed));
}
