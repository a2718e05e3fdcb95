/*
 * end_by.c - ends in the way that is named: return, exit, _exit, ..., or by signal NUMBER; by two signals at
 * once; by a fault, with 1 behind it on a stack for handlers; wait says that it waits, by SIGWINCH.
 *
 * SPDX-License-Identifier: MIT
 */
#include "subject.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

static void end_by_fault(const char *how)
{
	static volatile int zero;
	volatile int *where;

	if (!strcmp(how, "segv")) {
		where = NULL;
		*where = 1;
	} else if (!strcmp(how, "bus")) {
		where = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED,
			     (int)syscall(SYS_memfd_create, "x", 0), 0);
		*where = 1;
	} else if (!strcmp(how, "fpe")) {
		zero = 1 / zero;
		raise(SIGFPE); /* where division by zero does not trap */
	} else if (!strcmp(how, "ill")) {
		__builtin_trap();
	} else if (!strcmp(how, "overflow")) {
		volatile char stack[65536];

		stack[0] = 1;
		end_by_fault(how);
		stack[1] = stack[0];
	} else if (!strcmp(how, "abort")) {
		abort();
	}
}

static void stand_on_another_stack(void)
{
	static char stack[1 << 16];
	stack_t ss = {.ss_sp = stack, .ss_size = sizeof(stack)};

	sigaltstack(&ss, NULL);
}

/* The kernel takes the lower number first. */
static void end_by_two(void)
{
	sigset_t all, none;

	sigfillset(&all);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &all, NULL);
	kill(getpid(), SIGTERM);
	kill(getpid(), SIGUSR1);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* Not the first thread, and not by libc's hand. */
static void *leave_later(void *unused)
{
	usleep(200000);
	syscall(SYS_exit, 99);
	return unused;
}

int main(int argc, char **argv)
{
	const char *how = argv[1];
	int value = argc > 2 ? (int)number(argv, 2) : 0;

	if (!strcmp(how, "return"))
		return value;
	if (!strcmp(how, "exit"))
		exit(value);
	if (!strcmp(how, "_exit"))
		_exit(value);
	if (!strcmp(how, "_Exit"))
		_Exit(value);
	if (!strcmp(how, "quick_exit"))
		quick_exit(value);
	if (!strcmp(how, "thread_exit"))
		syscall(SYS_exit, value);
	if (!strcmp(how, "threads_exit")) {
		pthread_t thread;

		pthread_create(&thread, NULL, leave_later, NULL);
		syscall(SYS_exit, value);
	}
	if (!strcmp(how, "kill"))
		kill(getpid(), value);
	if (!strcmp(how, "raise"))
		raise(value);
	if (!strcmp(how, "wait"))
		raise(SIGWINCH);
	if (!strcmp(how, "two"))
		end_by_two();
	if (value == 1)
		stand_on_another_stack();
	end_by_fault(how);
	for (;;)
		pause();
}
