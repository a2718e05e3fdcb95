/*
 * seize.c - the registers of threads that run; see seize.h.
 *
 * PTRACE_SEIZE and PTRACE_INTERRUPT leave no trace in the program: no signal
 * is sent, and a system call that the thread entered meanwhile is restarted by
 * the kernel. A few that return EINTR instead are set to be restarted by hand.
 *
 * SPDX-License-Identifier: MIT
 */
#include "seize.h"

#include <elf.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "rawsys.h"

enum { LOOK_NS = 20000 };

/* The signal that the thread stopped for and must still get. */
static int pending_signal;

int seize_ask(pid_t tid)
{
	long error = raw_syscall4(SYS_ptrace, PTRACE_SEIZE, tid, 0, 0);

	if (!error)
		raw_syscall4(SYS_ptrace, PTRACE_INTERRUPT, tid, 0, 0);
	return (int)error;
}

static bool read_registers(pid_t tid, struct registers *registers, long *call)
{
	struct registers_raw raw;
	struct iovec set = {.iov_base = &raw, .iov_len = sizeof(raw)};

	if (raw_syscall4(SYS_ptrace, PTRACE_GETREGSET, tid, NT_PRSTATUS, &set) < 0)
		return false;
	registers_from_raw(registers, &raw);
	*call = registers_syscall(&raw);
	if (registers_restart(&raw))
		raw_syscall4(SYS_ptrace, PTRACE_SETREGSET, tid, NT_PRSTATUS, &set);
	return true;
}

pid_t seize_next(struct registers *registers, long *call, int64_t until_ns)
{
	while (raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		int status = 0;
		long tid = raw_syscall4(SYS_wait4, -1, &status, WNOHANG | __WALL, NULL);

		if (tid < 0)
			return 0;
		if (!tid) {
			raw_sleep_ns(LOOK_NS);
			continue;
		}
		if (!WIFSTOPPED(status))
			continue;
		/* An event is no signal; anything else is one on its way to the thread. */
		pending_signal = status >> 16 ? 0 : WSTOPSIG(status);
		if (read_registers((pid_t)tid, registers, call))
			return (pid_t)tid;
		seize_release((pid_t)tid);
	}
	return 0;
}

void seize_release(pid_t tid)
{
	raw_syscall4(SYS_ptrace, PTRACE_DETACH, tid, 0, pending_signal);
	pending_signal = 0;
}
