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

enum { LOOK_NS = 20000, LONGEST_LOOK_NS = 1000000 };

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

/* Return: a thread that has stopped, 0 if none has yet, below 0 if none is left that was asked. */
static pid_t find_stopped(struct registers *registers, long *call)
{
	int status = 0;
	long tid;

	while ((tid = raw_syscall4(SYS_wait4, -1, &status, WNOHANG | __WALL, NULL)) > 0) {
		if (!WIFSTOPPED(status))
			continue;
		/* An event is no signal; anything else is one on its way to the thread. */
		pending_signal = status >> 16 ? 0 : WSTOPSIG(status);
		if (read_registers((pid_t)tid, registers, call))
			break;
		seize_release((pid_t)tid);
	}
	return (pid_t)tid;
}

pid_t seize_next(struct registers *registers, long *call, int64_t until_ns)
{
	while (raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		pid_t tid = find_stopped(registers, call);

		if (tid)
			return tid > 0 ? tid : 0;
		raw_sleep_ns(LOOK_NS);
	}
	return 0;
}

void seize_let_go(int64_t until_ns)
{
	int64_t nap_ns = LOOK_NS;
	struct registers registers;
	long call;
	pid_t tid;

	while ((tid = find_stopped(&registers, &call)) >= 0 && raw_clock_ns(CLOCK_MONOTONIC) < until_ns) {
		if (tid) {
			seize_release(tid);
			continue;
		}
		raw_sleep_ns(nap_ns);
		nap_ns = nap_ns < LONGEST_LOOK_NS ? 2 * nap_ns : nap_ns;
	}
}

void seize_release(pid_t tid)
{
	raw_syscall4(SYS_ptrace, PTRACE_DETACH, tid, 0, pending_signal);
	pending_signal = 0;
}
